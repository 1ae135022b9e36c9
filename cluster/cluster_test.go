package cluster_test

import (
	"testing"

	"gnista"
	"gnista/cluster"
)

func TestSlowListenersAreDropped(t *testing.T) {
	c := cluster.NewSingle()
	slow, cancelSlow := c.Subscribe(1)
	quick, cancelQuick := c.Subscribe(10)
	for seq := range 3 {
		c.Publish(gnista.Event{Seq: int64(seq + 1)})
	}
	if ev := <-slow; ev.Seq != 1 {
		t.Errorf("got %+v", ev)
	}
	if _, open := <-slow; open {
		t.Error("a listener who missed an event is not told")
	}
	for want := range 3 {
		if ev := <-quick; ev.Seq != int64(want+1) {
			t.Errorf("got %+v", ev)
		}
	}
	cancelQuick()
	cancelQuick()
	cancelSlow()
	if _, open := <-quick; open {
		t.Error("cancelled and still open")
	}
	c.Publish(gnista.Event{})
}
