package packing

import (
	"math"
	"slices"
)

// table is what the best fillings of all rooms of a lattice are worth, by dynamic programming.
// Further resources are left out of account.
type table struct {
	*lattice
	width, height int64
	best          []int64
	limit         []int   // by item
	value         []int64 // by item, in grains
	// strict says that the table has no more of an item than there is.
	strict bool
	// few are the items of which there are too few.
	few []int
}

// build works out the table of so many steps each way. An item of which there are nearly as many as fit
// counts as one of which there are, unless the table is strict: a filling may then be worth less than the table says.
// An item is left out that is worth no more than others of which there are enough in its place.
func (t *table) build(width, height int64) {
	t.clear(width, height)
	t.few = t.few[:0]
	for _, i := range t.even {
		x, y := t.size[i][0], t.size[i][1]
		if t.value[i] <= 0 || x >= width || y >= height || x+y == 0 {
			continue
		}
		fit := int64(math.MaxInt64)
		if x > 0 {
			fit = (width - 1) / x
		}
		if y > 0 {
			fit = min(fit, (height-1)/y)
		}
		switch limit := int64(t.limit[i]); {
		case limit < fit && (t.strict || limit*anyShare < fit):
			t.few = append(t.few, i)
		case t.value[i] > t.at(x, y):
			t.addAny(x, y, t.value[i])
		}
	}
	t.few = slices.DeleteFunc(t.few, func(i int) bool { return t.value[i] <= t.at(t.size[i][0], t.size[i][1]) })
	for _, i := range t.few {
		// Once, twice, four times and so on, and what is left.
		for left, n := int64(t.limit[i]), int64(1); left > 0; n *= 2 {
			n = min(n, left)
			left -= n
			t.addOnce(n*t.size[i][0], n*t.size[i][1], n*t.value[i])
		}
	}
}

// clear makes a table of so many steps each way, of nothing.
func (t *table) clear(width, height int64) {
	t.width, t.height = width, height
	t.best = zeros(t.best, int(width*height))
}

// addAny lets an item be taken any number of times.
func (t *table) addAny(x, y, value int64) {
	for i := x; i < t.width; i++ {
		row, before := t.rows(i, x, y)
		if x > 0 {
			raise(row, before, value)
			continue
		}
		for k := range row {
			row[k] = max(row[k], before[k]+value)
		}
	}
}

// addOnce lets it be taken once.
func (t *table) addOnce(x, y, value int64) {
	if y >= t.height {
		return
	}
	for i := t.width - 1; i >= x; i-- {
		row, before := t.rows(i, x, y)
		if x > 0 {
			raise(row, before, value)
			continue
		}
		for k := len(row) - 1; k >= 0; k-- {
			row[k] = max(row[k], before[k]+value)
		}
	}
}

// raise makes the row at least what lies before it and the value; they do not overlap.
func raise(row, before []int64, value int64) {
	before = before[:len(row)]
	// Eight at a time, without looking at the bounds of each: most of the time of a table goes by here.
	for len(row) >= 8 && len(before) >= 8 {
		r, b := (*[8]int64)(row), (*[8]int64)(before)
		r[0] = max(r[0], b[0]+value)
		r[1] = max(r[1], b[1]+value)
		r[2] = max(r[2], b[2]+value)
		r[3] = max(r[3], b[3]+value)
		r[4] = max(r[4], b[4]+value)
		r[5] = max(r[5], b[5]+value)
		r[6] = max(r[6], b[6]+value)
		r[7] = max(r[7], b[7]+value)
		row, before = row[8:], before[8:]
	}
	for k, v := range before {
		row[k] = max(row[k], v+value)
	}
}

// rows are the cells of a row from y on, and those that lie before them by x and y.
func (t *table) rows(i, x, y int64) (row, before []int64) {
	row = t.best[i*t.height+y : (i+1)*t.height]
	return row, t.best[(i-x)*t.height : (i-x)*t.height+int64(len(row))]
}

// at is what the best filling of a room is worth; the room may be larger than the table.
func (t *table) at(x, y int64) int64 {
	return t.best[min(x, t.width-1)*t.height+min(y, t.height-1)]
}

// read adds the items of the best filling of a room, as far as their limits allow: fillings that are
// worth as much may use more of an item than there is.
func (t *table) read(x, y int64, taken []int) {
	x, y = min(x, t.width-1), min(y, t.height-1)
	for {
		whole := t.at(x, y)
		k := slices.IndexFunc(t.even, func(i int) bool {
			a, b := t.size[i][0], t.size[i][1]
			return a <= x && b <= y && a+b > 0 && t.value[i] > 0 && taken[i] < t.limit[i] && t.at(x-a, y-b)+t.value[i] == whole
		})
		if k < 0 {
			return
		}
		i := t.even[k]
		taken[i]++
		x, y = x-t.size[i][0], y-t.size[i][1]
	}
}
