package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// leastWatch is the shortest time between two looks: each asks the API server and the
// autoscaler several times.
const leastWatch = time.Second

// checkWatch refuses what --watch cannot show.
func (c *cli) checkWatch(every time.Duration) error {
	if c.encodes() {
		return errors.New("--watch: shows text alone; take -o away")
	}
	if every < leastWatch {
		return fmt.Errorf("--interval: %s is not %s or more", every, leastWatch)
	}
	return nil
}

// watchStatus shows the status again and again, in its place on a terminal, until the
// context ends. After the first time what fails is shown, and tried again.
func (c *cli) watchStatus(ctx context.Context, every time.Duration) error {
	for first := true; ; first = false {
		a, err := c.statusAnswer(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // a person ended the watch
		}
		if err != nil && first {
			return err
		}
		p := c.page()
		if c.colour { // a terminal: from its top
			fmt.Fprint(c.Out, "\x1b[H\x1b[2J")
		}
		p.Watching(every)
		if err != nil {
			p.Failed(err)
		} else {
			a.Print(p)
		}
		if _, err := p.WriteTo(c.Out); err != nil {
			return err
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil
		}
	}
}
