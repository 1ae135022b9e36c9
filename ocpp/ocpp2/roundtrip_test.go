package ocpp2_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// messages are all requests and responses, which hold every type.
func messages() []ocppj.Checked {
	var list []ocppj.Checked
	for _, a := range ocpp2.Actions {
		list = append(list, a.NewRequest(), a.NewResponse())
	}
	return list
}

// What is written is read as it was, whatever properties there are.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	types := map[reflect.Type]bool{}
	all := messages()
	for _, m := range some(all) {
		for _, share := range []float64{0, 0.3, 0.7, 1} {
			value := reflect.New(reflect.TypeOf(m).Elem())
			filler{r, share, types}.fill(value.Elem())
			text, err := ocppj.Marshal(value.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := json.Marshal(value.Interface()); err != nil || !alike(plain, text) {
				t.Errorf("%T is written as %s\nand by encoding/json as %s, %v", m, text, plain, err)
			}
			again := reflect.New(value.Type().Elem())
			if _, err := ocppj.Decode(text, again.Interface().(ocppj.Checked), ocppj.V21, ocppj.Tolerant); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !reflect.DeepEqual(again.Interface(), value.Interface()) {
				t.Errorf("%T %s\nwas read as %+v", m, text, again)
			}
		}
	}
	if len(some(all)) == len(all) && len(types) != 121+91+90+1 { // datatypes, requests, responses, None
		t.Errorf("there are %d types", len(types))
	}
}

// alike is whether two texts are the same JSON.
func alike(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// filler fills values at random.
type filler struct {
	r     *rand.Rand
	share float64 // of the optional properties
	types map[reflect.Type]bool
}

func (f filler) fill(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *ocppj.DateTime:
		*x = ocppj.At(time.Unix(f.r.Int64N(4e9), 0))
		x.Time = x.Add(time.Duration(f.r.IntN(1000)) * time.Millisecond)
		return
	case *ocppj.CustomData:
		id := strconv.Itoa(f.r.IntN(1000))
		*x = ocppj.CustomData{VendorID: id, Raw: []byte(`{"vendorId":"` + id + `","a":[1.50,null]}`)}
		return
	case *json.RawMessage:
		*x = []byte(`{"b":[2.50,null]}`)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		f.types[v.Type()] = true
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag.Get("json")
			if !bytes.HasSuffix([]byte(tag), []byte(",omitempty")) || f.r.Float64() < f.share {
				f.fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		n := 1 + f.r.IntN(2)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.String:
		v.SetString([]string{"a", "<å\"\\\u2028>", "0"}[f.r.IntN(3)])
	case reflect.Int:
		v.SetInt([]int64{0, -1, f.r.Int64(), math.MinInt64}[f.r.IntN(4)])
	case reflect.Float64:
		v.SetFloat([]float64{0, -0.1, f.r.NormFloat64(), math.MaxFloat64, 1e21, 5e-324}[f.r.IntN(6)])
	case reflect.Bool:
		v.SetBool(f.r.IntN(2) == 0)
	default:
		panic("cannot fill " + v.Type().String())
	}
}
