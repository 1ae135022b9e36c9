package api

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"gnista/account/member"
)

// Every text of the accounts of drivers is there in both languages, with the same values within, and so are those that
// pages make the keys of; no page asks for one that there is not.
func TestMyTexts(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z%]`)
	for _, key := range slices.Sorted(maps.Keys(myEnglish)) {
		sv, ok := mySwedish[key]
		if a, b := verb.FindAllString(myEnglish[key], -1), verb.FindAllString(sv, -1); !ok || !slices.Equal(a, b) {
			t.Errorf("%s has %v in English, %v in Swedish", key, a, b)
		}
	}
	if len(myEnglish) != len(mySwedish) {
		t.Errorf("%d texts in English, %d in Swedish", len(myEnglish), len(mySwedish))
	}
	var keys []string
	for _, k := range []keeping{keepCharging, keepUnsettled, keepOwed, keepHeld, keepDeposit} {
		keys = append(keys, "my-keep-"+string(k))
	}
	for _, s := range []member.TapState{member.TapOver, member.TapSeveral} {
		keys = append(keys, "my-tap-"+string(s), "my-tap-"+string(s)+"-more")
	}
	quoted := regexp.MustCompile(`"(my-(?:problem|done|mail)-[a-z-]*[a-z])"|t "(my-[a-z-]*[a-z])"`)
	for _, pattern := range []string{"my*.go", "pages/my*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				keys = append(keys, m[1]+m[2])
			}
		}
	}
	for _, key := range keys {
		if myEnglish[key] == "" {
			t.Errorf("there is no text %s", key)
		}
	}
}

// TestHomeward holds that signing in as a driver leads to a page for drivers.
func TestHomeward(t *testing.T) {
	for to, want := range map[string]string{
		"/my": "/my", "/my/history?before=3": "/my/history?before=3", "/e/ABC?lang=sv": "/e/ABC?lang=sv", "/q/S/1?pass=1.x": "/q/S/1?pass=1.x", "": "/my", "/": "/my", "/stations": "/my", "/mywhere": "/my",
		"https://elsewhere.example/my": "/my", "//elsewhere.example/my": "/my", "/my/../stations": "/my", "/e/%2e%2e/stations": "/my", "/\\elsewhere.example": "/my", "/my/sign-in?to=/my": "/my", "javascript:alert(1)": "/my",
	} {
		if got := homeward(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
}
