package v1alpha1_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What spec.disruption takes, and of what it refuses, which field is named and the way out.
func TestDisruptionValidation(t *testing.T) {
	type m = map[string]any
	budget := func(b m) fields { return fields{"spec.disruption": m{"budgets": []any{b}}} }
	window := func(cron string) fields {
		return budget(m{"kind": "Window", "cron": cron, "durationSeconds": int64(14400)})
	}
	zone := func(name string) fields {
		return budget(m{"kind": "Window", "cron": "@daily", "durationSeconds": int64(60), "timeZone": name})
	}
	limit := func(nodes any) fields { return budget(m{"nodes": nodes}) }
	const path = "spec.disruption.budgets[0]."
	tests := map[string]struct {
		change fields
		refuse []string
	}{
		"all fields": {change: fields{"spec.disruption": m{"consolidation": "WhenUnderutilized", "minNodeLifetimeSeconds": int64(1296000), "budgets": []any{
			m{"nodes": "10%", "reasons": []any{}, "kind": "Limit"},
			m{"kind": "Window", "cron": "0 2 * * *", "timeZone": "Europe/Berlin", "durationSeconds": int64(14400), "reasons": []any{"Empty", "Underutilized", "AboveMax", "Replaced"}},
			m{"nodes": int64(0), "cron": "0 8 * * MON-FRI", "durationSeconds": int64(36000)},
		}}}},
		"empty":                         {change: fields{"spec.disruption": m{}}},
		"consolidation WhenEmpty":       {change: fields{"spec.disruption": m{"consolidation": "WhenEmpty"}}},
		"consolidation WhenCheaper":     {change: fields{"spec.disruption": m{"consolidation": "WhenCheaper", "minSavingsPercent": int64(20), "paybackHours": int64(48)}}},
		"minSavingsPercent 1":           {change: fields{"spec.disruption": m{"minSavingsPercent": int64(1)}}},
		"minSavingsPercent 0":           {change: fields{"spec.disruption": m{"minSavingsPercent": int64(0)}}, refuse: []string{"spec.disruption.minSavingsPercent", "greater than or equal to 1"}},
		"minSavingsPercent 100":         {change: fields{"spec.disruption": m{"minSavingsPercent": int64(100)}}},
		"minSavingsPercent 101":         {change: fields{"spec.disruption": m{"minSavingsPercent": int64(101)}}, refuse: []string{"spec.disruption.minSavingsPercent", "less than or equal to 100"}},
		"paybackHours 1":                {change: fields{"spec.disruption": m{"paybackHours": int64(1)}}},
		"paybackHours 0":                {change: fields{"spec.disruption": m{"paybackHours": int64(0)}}, refuse: []string{"spec.disruption.paybackHours", "greater than or equal to 1"}},
		"paybackHours 8760":             {change: fields{"spec.disruption": m{"paybackHours": int64(8760)}}},
		"paybackHours 8761":             {change: fields{"spec.disruption": m{"paybackHours": int64(8761)}}, refuse: []string{"spec.disruption.paybackHours", "less than or equal to 8760"}},
		"consolidation of no kind":      {change: fields{"spec.disruption": m{"consolidation": "Always"}}, refuse: []string{"spec.disruption.consolidation", "WhenEmpty"}},
		"minNodeLifetimeSeconds 0":      {change: fields{"spec.disruption": m{"minNodeLifetimeSeconds": int64(0)}}},
		"minNodeLifetimeSeconds -1":     {change: fields{"spec.disruption": m{"minNodeLifetimeSeconds": int64(-1)}}, refuse: []string{"spec.disruption.minNodeLifetimeSeconds"}},
		"alignToPaidPeriodSeconds 0":    {change: fields{"spec.disruption": m{"alignToPaidPeriodSeconds": int64(0)}}},
		"alignToPaidPeriodSeconds 600":  {change: fields{"spec.disruption": m{"alignToPaidPeriodSeconds": int64(600)}}},
		"alignToPaidPeriodSeconds 599":  {change: fields{"spec.disruption": m{"alignToPaidPeriodSeconds": int64(599)}}, refuse: []string{"spec.disruption.alignToPaidPeriodSeconds", "time to drain"}},
		"alignToPaidPeriodSeconds -1":   {change: fields{"spec.disruption": m{"alignToPaidPeriodSeconds": int64(-1)}}, refuse: []string{"spec.disruption.alignToPaidPeriodSeconds"}},
		"alignToPaidPeriodSeconds long": {change: fields{"spec.disruption": m{"alignToPaidPeriodSeconds": int64(2678401)}}, refuse: []string{"spec.disruption.alignToPaidPeriodSeconds"}},
		"driftPolicy Report":            {change: fields{"spec.disruption": m{"driftPolicy": "Report"}}},
		"driftPolicy Replace":           {change: fields{"spec.disruption": m{"driftPolicy": "Replace"}}},
		"driftPolicy of no kind":        {change: fields{"spec.disruption": m{"driftPolicy": "Roll"}}, refuse: []string{"spec.disruption.driftPolicy", "Replace"}},
		"nodeMaxAgeSeconds 0":           {change: fields{"spec.disruption": m{"nodeMaxAgeSeconds": int64(0)}}},
		"nodeMaxAgeSeconds 60":          {change: fields{"spec.disruption": m{"nodeMaxAgeSeconds": int64(60)}}},
		"nodeMaxAgeSeconds 59":          {change: fields{"spec.disruption": m{"nodeMaxAgeSeconds": int64(59)}}, refuse: []string{"spec.disruption.nodeMaxAgeSeconds", "at least 60"}},
		"nodeMaxAgeSeconds -1":          {change: fields{"spec.disruption": m{"nodeMaxAgeSeconds": int64(-1)}}, refuse: []string{"spec.disruption.nodeMaxAgeSeconds"}},
		"drainSurge Disabled":           {change: fields{"spec.disruption": m{"drainSurge": "Disabled"}}},
		"drainSurge SingleReplica":      {change: fields{"spec.disruption": m{"drainSurge": "SingleReplica"}}},
		"drainSurge of no kind":         {change: fields{"spec.disruption": m{"drainSurge": "Always"}}, refuse: []string{"spec.disruption.drainSurge", "SingleReplica"}},
		"terminationDeadlineSeconds 0":  {change: fields{"spec.disruption": m{"terminationDeadlineSeconds": int64(0)}}},
		"terminationDeadlineSeconds -1": {change: fields{"spec.disruption": m{"terminationDeadlineSeconds": int64(-1)}}, refuse: []string{"spec.disruption.terminationDeadlineSeconds"}},
		"reasons of a roll-out":         {change: budget(m{"nodes": int64(1), "reasons": []any{"Drifted", "Expired"}})},
		"nodes 0":                       {change: limit(int64(0))},
		"nodes as text":                 {change: limit("3")},
		"nodes 0%":                      {change: limit("0%")},
		"nodes 100%":                    {change: limit("100%")},
		"nodes -1":                      {change: limit(int64(-1)), refuse: []string{path + "nodes", "a percentage from 0% to 100%"}},
		"nodes 101%":                    {change: limit("101%"), refuse: []string{path + "nodes", "%"}},
		"nodes a word":                  {change: limit("half"), refuse: []string{path + "nodes", "%"}},
		"Limit without nodes":           {change: budget(m{"kind": "Limit"}), refuse: []string{path + "nodes", "kind Limit needs it"}},
		"nothing at all":                {change: budget(m{}), refuse: []string{path + "nodes", "for kind Window say so"}},
		"kind of no kind":               {change: budget(m{"kind": "Pause", "nodes": int64(1)}), refuse: []string{path + "kind", "Window"}},
		"Window with nodes":             {change: budget(m{"kind": "Window", "nodes": int64(1), "cron": "@daily", "durationSeconds": int64(60)}), refuse: []string{path + "nodes", "add a second budget of kind Limit"}},
		"Window without cron":           {change: budget(m{"kind": "Window"}), refuse: []string{path + "cron", "kind Window needs it"}},
		"cron without duration":         {change: budget(m{"nodes": int64(1), "cron": "@daily"}), refuse: []string{path + "durationSeconds", "give both or neither"}},
		"duration without cron":         {change: budget(m{"nodes": int64(1), "durationSeconds": int64(60)}), refuse: []string{path + "durationSeconds", "give both or neither"}},
		"duration of 59 seconds":        {change: budget(m{"nodes": int64(1), "cron": "@daily", "durationSeconds": int64(59)}), refuse: []string{path + "durationSeconds"}},
		"time zone without cron":        {change: budget(m{"nodes": int64(1), "timeZone": "UTC"}), refuse: []string{path + "timeZone", "no use without cron"}},
		"reason of no kind":             {change: budget(m{"nodes": int64(1), "reasons": []any{"Repair"}}), refuse: []string{path + "reasons[0]", "Underutilized"}},
		"time zone UTC":                 {change: zone("UTC")},
		"time zone of three parts":      {change: zone("America/Argentina/Buenos_Aires")},
		"time zone on Mars":             {change: zone("Mars/Olympus"), refuse: []string{path + "timeZone", "such as Europe/Berlin"}},
		"time zone Local":               {change: zone("Local"), refuse: []string{path + "timeZone", "such as Europe/Berlin"}},
		"time zone as an offset":        {change: zone("+02:00"), refuse: []string{path + "timeZone", "such as Europe/Berlin"}},
		"cron with lists and steps":     {change: window("0,30 */2,23 1-15 jan-MAR,12 0-6/2")},
		"cron with names":               {change: window("15 3 ? * Mon,wed,FRI")},
		"cron @weekly":                  {change: window("@weekly")},
		"cron of two spaces":            {change: window("0  2 * * *")},
		"cron @every":                   {change: window("@every 1h"), refuse: []string{path + "cron", "five fields"}},
		"cron with a time zone":         {change: window("TZ=UTC 0 2 * * *"), refuse: []string{path + "cron", "five fields"}},
		"cron of four fields":           {change: window("0 2 * *"), refuse: []string{path + "cron", "five fields"}},
		"cron of six fields":            {change: window("0 0 2 * * *"), refuse: []string{path + "cron", "five fields"}},
		"cron with minute 60":           {change: window("60 2 * * *"), refuse: []string{path + "cron", "minute (0-59)"}},
		"cron with hour 24":             {change: window("0 24 * * *"), refuse: []string{path + "cron", "hour (0-23)"}},
		"cron with day 32":              {change: window("0 2 32 * *"), refuse: []string{path + "cron", "day of month (1-31)"}},
		"cron with month 13":            {change: window("0 2 * 13 *"), refuse: []string{path + "cron", "month (1-12)"}},
		"cron with weekday 7":           {change: window("0 2 * * 7"), refuse: []string{path + "cron", "day of week (0-6)"}},
		"cron with a word":              {change: window("every night at two please"), refuse: []string{path + "cron", "five fields"}},
		"cron with a step of 0":         {change: window("*/0 2 * * *"), refuse: []string{path + "cron", "five fields"}},
		"cron with a range backwards":   {change: window("0 22-6 * * *"), refuse: []string{path + "cron", "write it as two ranges"}},
		"cron with days backwards":      {change: window("0 2 * * FRI-MON"), refuse: []string{path + "cron", "write it as two ranges"}},
		"cron with minutes backwards":   {change: window("0,41-40/2 * * * *"), refuse: []string{path + "cron", "write it as two ranges"}},
		"cron with ranges of one":       {change: window("9-10,10-10 20-21 9-31 2-12 mon-tue")},
	}
	c := env.Client(t, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group := example(t, "nodegroup.yaml", "validated")
			test.change.apply(t, group)
			checkRefusal(t, c.Create(t.Context(), group, client.DryRunAll), test.refuse...)
		})
	}
}
