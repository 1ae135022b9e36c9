package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
)

// Whatever shape the answer to an order has, the order comes to an end, and the station goes on.
func TestWrongShapes(t *testing.T) {
	for _, version := range []ocppj.Version{ocppj.V16, ocppj.V201, ocppj.V21} {
		l := newLive(t, nil)
		known := map[string]ocppj.AnyAction{}
		actions := ocpp2.Actions
		if version == ocppj.V16 {
			actions = ocpp16.Actions
		}
		for _, a := range actions {
			known[a.ActionName()] = a
		}
		d := ocppws.Dialer{Identity: "CS1", Protocols: []string{version.Subprotocol()}}
		socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{t, socket, r}
		if version == ocppj.V16 {
			w.send(`[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
		} else {
			w.send(bootText)
		}
		w.want(`[3,"boot",`)
		var shape atomic.Int32
		var mu sync.Mutex
		asked := map[string]bool{}
		go func() {
			for {
				text, err := socket.Read(r)
				if err != nil {
					return
				}
				f, err := ocppj.Parse(text)
				if err != nil || f.Type != ocppj.CALL {
					continue
				}
				var answers []string
				if a := known[f.Action]; a != nil {
					for n := range 4 {
						doc, _ := json.Marshal(made(reflect.TypeOf(a.NewResponse()).Elem(), n, 0))
						answers = append(answers, string(doc))
					}
				}
				answers = append(answers, `{}`, `[]`, `null`, `"x"`, `5`, `{"status":null}`, `{"status":5}`, `{"status":"Nonsense"}`, `{"status":["Accepted"]}`, strings.Repeat(`{"a":[`, 2000)+strings.Repeat(`]}`, 2000))
				mu.Lock()
				asked[f.Action] = true
				mu.Unlock()
				if socket.Write([]byte(fmt.Sprintf(`[3,%q,%s]`, f.ID, answers[int(shape.Load())%len(answers)]))) != nil {
					return
				}
			}
		}()
		given := 0
		for order := range l.gateway.Dialects[version].Orders {
			for n := range 14 {
				shape.Store(int32(n))
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				x := reflect.New(order).Elem()
				fill(x, 0)
				l.gateway.Do(ctx, "CS1", x.Interface()) // what it is taken for does not matter here
				if ctx.Err() != nil {
					t.Errorf("OCPP %v: %v does not come to an end", version, order)
				}
				cancel()
				given++
			}
		}
		mu.Lock()
		if _, ok := l.gateway.Connection("CS1"); !ok || len(asked) < 10 || given < 14*len(asked) {
			t.Errorf("OCPP %v: %d orders given, %d actions asked for, connected %v", version, given, len(asked), ok)
		}
		mu.Unlock()
		socket.Conn.Close()
	}
}

// made is a value as JSON for a type of an answer: lists of n elements, and texts that mean something.
func made(t reflect.Type, n, depth int) any {
	if depth > 6 {
		return nil
	}
	switch {
	case t == reflect.TypeFor[ocppj.DateTime]():
		return "2026-01-01T00:00:00Z"
	case t.Kind() == reflect.Pointer:
		if n == 0 {
			return nil
		}
		return made(t.Elem(), n, depth)
	case t.Kind() == reflect.Struct:
		out := map[string]any{}
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if v := made(f.Type, n, depth+1); v != nil && name != "" && name != "-" {
				out[name] = v
			}
		}
		return out
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		out := make([]any, n*n)
		for i := range out {
			out[i] = made(t.Elem(), n, depth+1)
		}
		return out
	case t.Kind() == reflect.String:
		return []string{"", "Accepted", "Rejected", "x"}[n]
	case t.Kind() == reflect.Bool:
		return n%2 == 0
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Int:
		return []int{-1, 0, 1, 1 << 40}[n]
	}
	return nil
}

// fill gives every field of an order some value.
func fill(v reflect.Value, depth int) {
	switch {
	case depth > 6 || !v.CanSet():
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Now()))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case v.Kind() == reflect.String:
		v.SetString("A.B")
	case v.CanInt():
		v.SetInt(1)
	case v.CanFloat():
		v.SetFloat(1)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	}
}
