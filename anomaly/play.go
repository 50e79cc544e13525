package anomaly

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/minisql/minisql/sqlerr"
)

// Played is what came of a script at one level.
type Played struct {
	Script  *Script
	Level   Level
	Refused *sqlerr.Error // the server does not have the level; nothing was played
	Steps   []StepResult  // by the steps of the script
	Moments []Moment      // as time went
}

// StepResult is what a step came to.
type StepResult struct {
	Result Result
	Err    *sqlerr.Error
	Waited bool
}

// Moment is a point in time: a step has finished, or has begun to wait.
type Moment struct {
	Step    int
	Waiting bool
	For     []string // the sessions it waits for, if the server can say so
	Resumed bool     // it has finished after it waited
}

// play is a script on its way.
type play struct {
	stage    *Stage
	out      *Played
	players  []*player // by name
	finished chan finished
	running  sync.WaitGroup
}

// player is a session in a play.
type player struct {
	name    string
	session Session
	pid     string
	step    int   // the one under way, or idle
	queue   []int // steps that come after it
}

// idle is the step of a session that does nothing, and closing one outside the script.
const (
	idle    = -1
	closing = -2
)

type finished struct {
	who    *player
	result Result
	err    error
}

// Play plays a script on a cleared stage at a level.
func (s *Stage) Play(ctx context.Context, script *Script, level Level) (*Played, error) {
	if err := s.set(ctx, script); err != nil {
		return nil, err
	}
	p := &play{
		stage: s, out: &Played{Script: script, Level: level, Steps: make([]StepResult, len(script.Steps))},
		finished: make(chan finished, len(script.Steps)), // room for a step of every session: nobody is stuck when a play breaks off
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		p.running.Wait()
		for _, who := range p.players {
			who.session.Close()
		}
	}()
	for _, name := range script.Sessions() {
		session, pid, err := s.enter(ctx, level)
		if e, ok := errors.AsType[*sqlerr.Error](err); ok && e.Code == sqlerr.FeatureNotSupported {
			p.out.Refused = e
			return p.out, nil
		}
		if err != nil {
			return nil, err
		}
		p.players = append(p.players, &player{name: name, session: session, pid: pid, step: idle})
	}
	err := p.perform(ctx)
	if err != nil {
		err = fmt.Errorf("%s at %s: %w", script.Name, level, err)
	}
	return p.out, err
}

// perform plays the steps, and then rolls back what the script leaves open, in the order of
// the sessions, until nobody waits.
func (p *play) perform(ctx context.Context) error {
	for i, step := range p.out.Script.Steps {
		who := p.named(step.Session)
		who.queue = append(who.queue, i)
		if err := p.proceed(ctx); err != nil {
			return err
		}
	}
	for range p.players {
		for _, who := range p.players {
			if who.step != idle {
				continue
			}
			p.start(ctx, who, closing, "rollback") // outside a transaction it warns
			if err := errors.Join(p.settle(ctx), p.proceed(ctx)); err != nil {
				return err
			}
		}
	}
	if p.busy() > 0 {
		return errors.New("a session still waits at the end")
	}
	return nil
}

// proceed starts the steps that can start, one at a time.
func (p *play) proceed(ctx context.Context) error {
	for {
		i := slices.IndexFunc(p.players, func(w *player) bool { return w.step == idle && len(w.queue) > 0 })
		if i < 0 {
			return nil
		}
		who := p.players[i]
		next := who.queue[0]
		who.queue = who.queue[1:]
		p.start(ctx, who, next, p.out.Script.Steps[next].SQL)
		if err := p.settle(ctx); err != nil {
			return err
		}
	}
}

func (p *play) start(ctx context.Context, who *player, step int, sql string) {
	who.step = step
	p.running.Go(func() {
		result, err := who.session.Exec(ctx, sql)
		p.finished <- finished{who, result, err}
	})
}

// named finds a session of the play.
func (p *play) named(name string) *player {
	return p.players[slices.IndexFunc(p.players, func(w *player) bool { return w.name == name })]
}

// busy counts the sessions with a step under way.
func (p *play) busy() (n int) {
	for _, who := range p.players {
		if who.step != idle {
			n++
		}
	}
	return n
}

// finish keeps what a step has answered. Errors that are not SQL's end the play.
func (p *play) finish(f finished) (Moment, error) {
	step := f.who.step
	f.who.step = idle
	if step == closing {
		return Moment{Step: closing}, nil
	}
	r := &p.out.Steps[step]
	r.Result = f.result
	if f.err != nil {
		e, ok := errors.AsType[*sqlerr.Error](f.err)
		if !ok {
			return Moment{}, f.err
		}
		r.Err = e
	}
	return Moment{Step: step, Resumed: r.Waited}, nil
}

// note writes down what has finished since the last step, and who waits now: first the step
// that was just taken, then those that waited before, in the order of their sessions.
func (p *play) note(ended []Moment, waits map[string][]string) {
	for _, who := range p.players {
		if who.step < 0 || p.out.Steps[who.step].Waited {
			continue
		}
		p.out.Steps[who.step].Waited = true
		ended = append(ended, Moment{Step: who.step, Waiting: true, For: waits[who.name]})
	}
	ended = slices.DeleteFunc(ended, func(m Moment) bool { return m.Step == closing })
	slices.SortFunc(ended, func(a, b Moment) int {
		switch {
		case b.Resumed && !a.Resumed:
			return -1
		case a.Resumed && !b.Resumed:
			return 1
		}
		return cmp.Compare(p.out.Script.Steps[a.Step].Session, p.out.Script.Steps[b.Step].Session)
	})
	p.out.Moments = append(p.out.Moments, ended...)
}
