package access

import "testing"

// TestCan is the whole table of roles, by the most that each may do in each area.
func TestCan(t *testing.T) {
	areas := []Area{Stations, Faults, Power, Charging, Customers, Tariffs, Money, Setup, Users, Audit}
	table := map[Role]string{ // - nothing, s see, a act, c change
		Viewer:     "s s s s - s - - - -",
		Operator:   "c c c c a s s s - -",
		Technician: "c a s a - s - s - -",
		Finance:    "s s s c c c c - - -",
		Admin:      "c c c c c c c c c s",
	}
	most := map[byte]int{'-': 0, 's': 1, 'a': 2, 'c': 3}
	for _, r := range Roles {
		everywhere, somewhere := Actor{Grants: []Grant{{Role: r}}}, Actor{Grants: []Grant{{Role: r, Sites: []string{"a", "b"}}}}
		for i, in := range areas {
			for n, v := range []Verb{See, Act, Change} {
				want := most[table[r][2*i]] > n
				for site, x := range map[string]Actor{"": everywhere, "a": everywhere, "b": somewhere} {
					if x.Can(v, in, site) != want {
						t.Errorf("%s: %s %s at %q: %t", r, v, in, site, !want)
					}
				}
				if somewhere.Can(v, in, "c") || somewhere.Can(v, in, "") {
					t.Errorf("%s of two sites: %s %s elsewhere", r, v, in)
				}
				list, all := somewhere.Sites(v, in)
				if all || (len(list) == 2) != want {
					t.Errorf("%s: the sites where it may %s %s are %v", r, v, in, list)
				}
				if _, all := everywhere.Sites(v, in); all != want {
					t.Errorf("%s: everywhere %s %s: %t", r, v, in, all)
				}
			}
		}
	}
	if (Actor{}).Can(See, Stations, "") || (Actor{Grants: []Grant{{Role: "nobody"}}}).Can(See, Stations, "") {
		t.Error("somebody without a role may see")
	}
	two := Actor{Grants: []Grant{{Role: Viewer}, {Role: Operator, Sites: []string{"a"}}}}
	if !two.Can(See, Faults, "b") || two.Can(Act, Faults, "b") || !two.Can(Act, Faults, "a") {
		t.Error("two grants do not add up")
	}
}
