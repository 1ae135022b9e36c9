package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/store/storetest"
	"gnista/token"
)

// What a former version has left readable is sealed on either database.
func TestSealing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	for driver, at := range map[string][2]string{"sqlite": {"sqlite:" + file, file}, "pgx": {storetest.Postgres(t), ""}} {
		url, dsn := at[0], at[1]
		if dsn == "" {
			dsn = url
		}
		db := open(t, url)
		id := token.ID{UID: "04A1B2C3", Type: token.ISO14443}
		if err := db.CreateToken(t.Context(), token.Token{ID: id, Name: "Anna"}); err != nil {
			t.Fatal(err)
		}
		err := db.Change(t.Context(), "S", func(tx charging.Tx) error {
			return tx.Save(&charging.Transaction{ID: "t", Station: "S", Ref: "r", Version: gnista.V21, StartedAt: time.Now()}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		execute(t, driver, dsn, `UPDATE token SET uid = '04a1b2c3', uid_key = '04A1B2C3', detail = ''`)
		execute(t, driver, dsn, `UPDATE station_transaction SET token_uid = '04a1b2c3', token_key = '04A1B2C3', token_type = 'ISO14443'`)
		execute(t, driver, dsn, `INSERT INTO customer_page (report, page, text) VALUES ('c', 1, 'about'), ('c', 2, ' Anna')`)
		execute(t, driver, dsn, `DELETE FROM sealing`)
		for range 2 { // what is sealed is not sealed again
			db = open(t, url)
			if k, err := db.Token(t.Context(), id); err != nil || k.ID.UID != "04a1b2c3" || k.Name != "Anna" {
				t.Errorf("%s: token %+v, %v", driver, k, err)
			}
			list, err := db.Transactions(t.Context(), charging.Filter{Token: "04 a1 b2 c3", Limit: 10})
			if err != nil || len(list) != 1 || list[0].Token.UID != "04a1b2c3" {
				t.Errorf("%s: transactions %+v, %v", driver, list, err)
			}
			db.Close()
		}
	}
}
