package exec

import (
	"slices"
	"testing"
)

func TestRecent(t *testing.T) {
	var l recent[int]
	for i := range recentMax + 3 {
		l.add(i)
		if i == 2 && !slices.Equal(l.list(), []int{0, 1, 2}) {
			t.Error(l.list())
		}
	}
	if got := l.list(); len(got) != recentMax || got[0] != 3 || got[recentMax-1] != recentMax+2 || !slices.IsSorted(got) {
		t.Errorf("%d entries from %d to %d", len(got), got[0], got[len(got)-1])
	}
}
