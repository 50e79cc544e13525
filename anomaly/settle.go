package anomaly

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// stepPatience is how long a step may be under way without waiting for a session of the
// play. On a server that cannot say who waits, a step that takes blindPatience does.
const (
	stepPatience  = 30 * time.Second
	blindPatience = 400 * time.Millisecond
)

// settle returns when every session has finished its step or waits for one that will not
// move by itself.
func (p *play) settle(ctx context.Context) error {
	start := time.Now()
	var ended []Moment
	var before map[string][]string
	for pause := 200 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		now, err := p.collect(ctx, pause)
		if err != nil {
			return err
		}
		ended = append(ended, now...)
		waits, err := p.atRest(ctx, start)
		if err != nil {
			return err
		}
		// The sessions are asked one after the other: an answer holds when it comes twice.
		if len(waits) == p.busy() && (len(waits) == 0 || before != nil && maps.EqualFunc(waits, before, slices.Equal)) {
			p.note(ended, waits)
			return nil
		}
		if time.Since(start) > stepPatience {
			return fmt.Errorf("a step neither ends nor waits for another session for %v", stepPatience)
		}
		before = waits
	}
}

// collect takes what finishes within the pause, and returns at once when nothing is under way.
func (p *play) collect(ctx context.Context, pause time.Duration) (ended []Moment, err error) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for p.busy() > 0 {
		select {
		case f := <-p.finished:
			m, err := p.finish(f)
			if err != nil {
				return nil, err
			}
			ended = append(ended, m)
		case <-timer.C:
			return ended, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return ended, nil
}

// atRest finds the sessions that wait for a session that will not move by itself, and whom
// they wait for. A deadlock is no rest: the server ends it.
func (p *play) atRest(ctx context.Context, start time.Time) (map[string][]string, error) {
	waits := make(map[string][]string)
	for _, who := range p.players {
		if who.step == idle {
			continue
		}
		if p.stage.blind {
			if time.Since(start) > blindPatience {
				waits[who.name] = nil
			}
			continue
		}
		pids, err := p.stage.blockers(ctx, who.pid)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, pid := range pids {
			i := slices.IndexFunc(p.players, func(w *player) bool { return w.pid == pid })
			if i < 0 {
				names = nil // somebody else's lock, which will go
				break
			}
			names = append(names, p.players[i].name)
		}
		if slices.Sort(names); len(names) > 0 {
			waits[who.name] = slices.Compact(names)
		}
	}
	for name := range waits {
		if p.moves(name, waits, nil) {
			delete(waits, name)
		}
	}
	return waits, nil
}

// moves reports whether a waiting session waits, over any number of others, for one that is
// under way, or for itself.
func (p *play) moves(name string, waits map[string][]string, path []string) bool {
	if slices.Contains(path, name) {
		return true
	}
	for _, other := range waits[name] {
		if p.named(other).step == idle {
			continue
		}
		if _, ok := waits[other]; !ok || p.moves(other, waits, append(path, name)) {
			return true
		}
	}
	return false
}
