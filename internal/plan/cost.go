package plan

// cost adds up what the groups' nodes and ordered machines cost, before and after
// what the plan buys. Machines that have failed or are being removed count until
// they are gone.
func (w *world) cost() Cost {
	var c Cost
	for _, h := range w.hosts {
		switch {
		case h.node == nil:
			c.After += Hourly(h.template.offer.Price)
		case h.group != nil:
			price := Hourly(w.priceOf(h.node))
			c.Before += price
			c.After += price
		}
	}
	c.LowerBound = c.Before + Hourly(w.lowerBound())
	return c
}
