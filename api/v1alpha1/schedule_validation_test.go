package v1alpha1_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What spec.schedules takes, and of what it refuses, which field is named and the way out. The group has 10 maxNodes.
func TestScheduleValidation(t *testing.T) {
	type m = map[string]any
	schedules := func(entries ...any) fields {
		return fields{"spec.minNodes": int64(1), "spec.maxNodes": int64(10), "spec.schedules": entries}
	}
	entry := func(changes m) m {
		e := m{"name": "night", "cron": "0 20 * * 1-5", "timeZone": "Europe/Berlin", "durationSeconds": int64(36000), "minNodes": int64(0), "maxNodes": int64(2), "paused": false}
		for key, value := range changes {
			if e[key] = value; value == nil {
				delete(e, key)
			}
		}
		return e
	}
	many := func(n int) []any {
		var all []any
		for i := range n {
			all = append(all, entry(m{"name": "n" + string(rune('a'+i))}))
		}
		return all
	}
	const path = "spec.schedules[0]"
	tests := map[string]struct {
		change fields
		refuse []string
	}{
		"all fields":                     {change: schedules(entry(nil))},
		"none":                           {change: schedules()},
		"maxNodes 0":                     {change: schedules(entry(m{"maxNodes": int64(0)}))},
		"maxNodes 0 alone":               {change: schedules(entry(m{"maxNodes": int64(0), "minNodes": nil, "paused": nil, "timeZone": nil}))},
		"maxNodes -1":                    {change: schedules(entry(m{"maxNodes": int64(-1)})), refuse: []string{path + ".maxNodes"}},
		"maxNodes below the group's min": {change: schedules(entry(m{"maxNodes": int64(0), "minNodes": nil}))},
		"minNodes -1":                    {change: schedules(entry(m{"minNodes": int64(-1)})), refuse: []string{path + ".minNodes"}},
		"minNodes equal to maxNodes":     {change: schedules(entry(m{"minNodes": int64(2)}))},
		"minNodes above maxNodes":        {change: schedules(entry(m{"minNodes": int64(3)})), refuse: []string{path + ".maxNodes", "maxNodes must be >= minNodes"}},
		"minNodes as the group's max":    {change: schedules(entry(m{"minNodes": int64(10), "maxNodes": nil}))},
		"minNodes above the group's max": {change: schedules(entry(m{"minNodes": int64(11), "maxNodes": nil})), refuse: []string{"spec.schedules", "set maxNodes in the entry, too"}},
		"more of both than the group":    {change: schedules(entry(m{"minNodes": int64(11), "maxNodes": int64(20)}))},
		"paused alone":                   {change: schedules(entry(m{"minNodes": nil, "maxNodes": nil, "paused": true}))},
		"nothing that it changes":        {change: schedules(entry(m{"minNodes": nil, "maxNodes": nil, "paused": nil})), refuse: []string{path, "must say minNodes, maxNodes or paused"}},
		"no name":                        {change: schedules(entry(m{"name": nil})), refuse: []string{path + ".name"}},
		"an empty name":                  {change: schedules(entry(m{"name": ""})), refuse: []string{path + ".name"}},
		"a name with a space":            {change: schedules(entry(m{"name": "at night"})), refuse: []string{path + ".name", "such as night"}},
		"a name of 63 letters":           {change: schedules(entry(m{"name": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"}))},
		"a name of 64 letters":           {change: schedules(entry(m{"name": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"})), refuse: []string{path + ".name"}},
		"a name twice":                   {change: schedules(entry(nil), entry(nil)), refuse: []string{"spec.schedules[1]", "Duplicate"}},
		"20 of them":                     {change: schedules(many(20)...)},
		"21 of them":                     {change: schedules(many(21)...), refuse: []string{"spec.schedules"}},
		"no cron":                        {change: schedules(entry(m{"cron": nil})), refuse: []string{path + ".cron"}},
		"cron of four fields":            {change: schedules(entry(m{"cron": "0 2 * *"})), refuse: []string{path + ".cron", "five fields"}},
		"cron backwards":                 {change: schedules(entry(m{"cron": "0 22-6 * * *"})), refuse: []string{path + ".cron", "write it as two ranges"}},
		"time zone on Mars":              {change: schedules(entry(m{"timeZone": "Mars/Olympus"})), refuse: []string{path + ".timeZone", "such as Europe/Berlin"}},
		"no duration":                    {change: schedules(entry(m{"durationSeconds": nil})), refuse: []string{path + ".durationSeconds"}},
		"60 seconds":                     {change: schedules(entry(m{"durationSeconds": int64(60)}))},
		"59 seconds":                     {change: schedules(entry(m{"durationSeconds": int64(59)})), refuse: []string{path + ".durationSeconds"}},
		"a year":                         {change: schedules(entry(m{"durationSeconds": int64(31536000)}))},
		"more than a year":               {change: schedules(entry(m{"durationSeconds": int64(31536001)})), refuse: []string{path + ".durationSeconds"}},
		"a field that is not there":      {change: schedules(entry(m{"duration": int64(60)})), refuse: []string{"duration"}},
	}
	c := env.Client(t, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group := example(t, "nodegroup.yaml", "validated")
			test.change.apply(t, group)
			checkRefusal(t, c.Create(t.Context(), group, client.DryRunAll, client.FieldValidation("Strict")), test.refuse...)
		})
	}
}
