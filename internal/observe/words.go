package observe

// Count is a number of things in words, such as "3 pods".
func Count(n int, noun string) string { return plural(n, noun) }

// Some lists the first names, and counts the others.
func Some(names []string) string { return some(names) }

// Tally counts by name, the most first: "2 small, 1 large".
func Tally(m map[string]int) string { return counts(m) }
