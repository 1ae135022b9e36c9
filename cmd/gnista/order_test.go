package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"gnista/cluster/nats"
)

// anyValue gives every part of a value some value. It fails for what cannot be written and read again.
func anyValue(v reflect.Value, r *rand.Rand) error {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.UnixMilli(r.Int64N(1e12)).UTC()
		return nil
	case *big.Rat:
		x.SetFrac64(1+r.Int64N(100), 7)
		return nil
	case *json.RawMessage:
		*x = json.RawMessage(fmt.Sprintf(`{"a":%d}`, r.IntN(100)))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d åäö", r.IntN(1000)))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int64N(100))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint64N(100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(r.IntN(1000)) / 8)
	case reflect.Pointer:
		if r.IntN(3) == 0 {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return anyValue(v.Elem(), r)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(2), 2))
		for i := range v.Len() {
			if err := anyValue(v.Index(i), r); err != nil {
				return err
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			if err := anyValue(v.Index(i), r); err != nil {
				return err
			}
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := anyValue(k, r); err != nil {
			return err
		}
		if err := anyValue(e, r); err != nil {
			return err
		}
		v.SetMapIndex(k, e)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() && !f.Anonymous {
				return fmt.Errorf("%v.%s is not exported", v.Type(), f.Name)
			}
			if err := anyValue(v.Field(i), r); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("%v cannot be written", v.Type())
	}
	return nil
}

// Whatever a station can be told, and whatever it can answer, is the same on another node.
func TestOrdersBetweenNodes(t *testing.T) {
	types := orderTypes(newLive(t, nil).gateway.Dialects)
	if len(types) < 40 {
		t.Fatalf("the versions know only %d orders", len(types))
	}
	c := nats.NewCodec(types)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for _, kind := range types {
		answers, ok := kind.MethodByName("Answers")
		if !ok {
			t.Errorf("%v does not say what it answers", kind)
			continue
		}
		for range 20 {
			order, answer := reflect.New(kind).Elem(), reflect.New(answers.Type.Out(0)).Elem()
			if err := anyValue(order, r); err != nil {
				t.Errorf("%v: %v", kind, err)
				break
			}
			if err := anyValue(answer, r); err != nil {
				t.Errorf("the answer to %v: %v", kind, err)
				break
			}
			o, a, err := c.Carry(order.Interface(), answer.Interface())
			if err != nil || !reflect.DeepEqual(o, order.Interface()) || !reflect.DeepEqual(a, answer.Interface()) {
				t.Errorf("seed %d: %v\n%+v becomes\n%+v, and the answer\n%+v becomes\n%+v: %v", seed, kind, order, o, answer, a, err)
				break
			}
		}
	}
}
