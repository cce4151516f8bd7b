package plan

// BoundFromScratch is a lower bound like that of CompareFromScratch, for those who want it
// often: the least that machines for the pods of the state can cost an hour, whichever
// there are now. p is what Decide made of the state; pods that it leaves without a node
// are not counted. With quick it goes by amounts of resources alone: that takes a small
// part of the time, and proves less where pods do not divide machines evenly.
func BoundFromScratch(s *State, p *Plan, quick bool) Hourly {
	bare := anew(s, p)
	bare.Groups = changedGroups(bare.Groups, unrestricted)
	w := newWorld(bare)
	if quick {
		lots := w.bySize(w.lots)
		w.fillExisting(lots)
		w.run(lots, aim{byResource: true})
	} else {
		w.solve()
	}
	return min(w.cost().LowerBound, p.Cost.After)
}
