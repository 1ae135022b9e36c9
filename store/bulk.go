package store

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// bulk is how PostgreSQL does for many at once what a statement does for one: each of its arguments is an array.
type bulk struct {
	text string
	key  func(args []any) any // of the row that is written, which one statement cannot write twice; nil: each is another
}

// bulks are by the statements for one.
var bulks = map[string]bulk{
	saveProgress: {
		`UPDATE station_transaction AS x SET activity = u.activity, updated_at = u.updated_at, energy_wh = u.energy_wh, power_w = u.power_w, soc = u.soc, review = u.review, detail = u.detail
		FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[]) AS u (activity, updated_at, energy_wh, power_w, soc, review, detail, id)
		WHERE x.id = u.id`,
		func(args []any) any { return args[7] },
	},
	savePeriod: {
		`INSERT INTO meter_period (transaction_id, period, data) SELECT u.transaction_id, u.period, u.data
		FROM unnest($1::text[], $2::bigint[], $3::text[]) AS u (transaction_id, period, data)` + addPeriod,
		func(args []any) any { return [2]any{args[0], args[1]} },
	},
	saveMessages + placeholders(1, messageColumns): {
		saveMessageList + `SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::text[], $6::text[], $7::text[])`, nil,
	},
}

// together are questions that are asked for many at once: before the columns of a row stands which question it
// answers, counted from 1.
var together = map[string]string{
	transactionByRef: `SELECT u.i, ` + qualified("x", transactionColumns) + ` FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (station, ref, i)
		JOIN station_transaction AS x ON x.station = u.station AND x.ref = u.ref`,
}

// qualified are columns of the table of a name.
func qualified(table, columns string) string {
	list := strings.Split(columns, ",")
	for i, c := range list {
		list[i] = table + "." + strings.TrimSpace(c)
	}
	return strings.Join(list, ", ")
}

// gathered are the arguments of a bulk, an array each.
type gathered struct {
	args []any
	keys map[any]bool
}

// add adds the arguments of one. false: it must be in another statement, behind this one.
func (g *gathered) add(args []any, key func([]any) any) bool {
	if key != nil {
		k := key(args)
		if g.keys[k] {
			return false
		}
		g.keys[k] = true
	}
	for i, a := range args {
		switch a := a.(type) {
		case string:
			list, _ := g.args[i].([]string)
			g.args[i] = append(list, a)
		case int64:
			list, _ := g.args[i].([]int64)
			g.args[i] = append(list, a)
		case int:
			list, _ := g.args[i].([]int64)
			g.args[i] = append(list, int64(a))
		case bool:
			list, _ := g.args[i].([]bool)
			g.args[i] = append(list, a)
		default:
			panic(fmt.Sprintf("a bulk has no arrays of %T", a))
		}
	}
	return true
}

func gather(columns int) *gathered { return &gathered{make([]any, columns), map[any]bool{}} }

// askTogether asks one question for many.
func (p *pipeline) askTogether(text string, list []*question) {
	g := gather(len(list[0].args))
	for _, q := range list {
		g.add(q.args, nil)
		q.answer = &received{at: -1}
	}
	p.queue(text, g.args...).Query(func(rows pgx.Rows) error {
		var fields []pgconn.FieldDescription
		for rows.Next() {
			if fields == nil {
				fields = copied(rows.FieldDescriptions())[1:]
			}
			var i int64
			values := rows.RawValues()
			if err := rows.Conn().TypeMap().Scan(rows.FieldDescriptions()[0].DataTypeOID, rows.FieldDescriptions()[0].Format, values[0], &i); err != nil {
				return err
			}
			list[i-1].answer.(*received).add(rows, fields, values[1:])
		}
		return rows.Err()
	})
}
