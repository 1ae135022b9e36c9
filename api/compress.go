package api

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

const (
	leastCompressed = 1024 // bytes; less fits in one packet as it is
	jitter          = 64   // bytes at the most
)

// compressed sends what drivers look at on their phones compressed: pages, scripts and styles, but no streams.
//
// How short a compressed text is tells whether something in it is there twice (BREACH), so nothing is compressed
// in which what another site can have a browser ask for stands beside a secret of who asks. Addresses with a key of
// a checkout or a link are secrets as a whole: who does not know them gets no page. The pages of an outlet and of a
// driver's account repeat nothing of the request but a language; /q/ repeats numbers as well. What forms sent is
// repeated where they were wrong, but forms of other sites are refused (sameOrigin) and bring no cookie (SameSite).
// /find and /my/sign-in repeat what is asked for, and have no secret. Texts get some bytes more in case a page
// that comes later forgets that. The pages of operators and the API are sent as they are.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.EnableGzip(true), gzhttp.EnableZstd(false), gzhttp.MinSize(leastCompressed), gzhttp.RandomJitter(jitter, 0, false),
		gzhttp.ContentTypes([]string{"text/html", "text/css", "text/javascript", "text/csv", "image/svg+xml", "application/manifest+json"}),
	)
	if err != nil {
		panic(err) // what is asked for is written above
	}
	small := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if compressible(r.URL.Path) {
			small.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func compressible(path string) bool {
	if path == myPath || path == "/find" {
		return true
	}
	if strings.HasSuffix(path, "/live") { // is sent bit by bit
		return false
	}
	for _, p := range []string{"/e/", "/q/", "/pay/", myPath + "/", "/assets/", prefix + "/receipts/"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
