package cost

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// One station is told one thing after the other, newer news take the place of older ones, and what is too
// much is dropped; other stations do not wait for it.
func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d desk
		told := make(chan string, 100)
		say := func(text string, takes time.Duration) func(context.Context) {
			return func(ctx context.Context) {
				select {
				case <-time.After(takes):
				case <-ctx.Done():
				}
				told <- text
			}
		}
		d.put("A", "first", 0, say("A first", time.Minute))
		synctest.Wait()
		for i := range 40 {
			d.put("A", fmt.Sprintf("s%d", i%20), 0, say(fmt.Sprintf("A s%d %d", i%20, i), 0))
		}
		d.put("B", "x", 0, say("B x", 0))
		synctest.Wait()
		if got := <-told; got != "B x" {
			t.Errorf("got %q", got)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		var all []string
		for len(told) > 0 {
			all = append(all, <-told)
		}
		if len(all) != 1+maxNotes || all[0] != "A first" || all[1] != "A s4 24" || all[maxNotes] != "A s19 39" {
			t.Errorf("told are %q", all)
		}
		d.put("A", "late", time.Hour, say("late", 0))
		d.put("C", "long", 0, say("C long", time.Hour))
		synctest.Wait()
		began := time.Now()
		d.close()
		if time.Since(began) > time.Second || len(told) != 1 {
			t.Errorf("closing takes %v, and %d were told", time.Since(began), len(told))
		}
		d.put("A", "after", 0, say("after", 0))
		synctest.Wait()
		if <-told; len(told) > 0 {
			t.Errorf("after the end is told %q", <-told)
		}
	})
}
