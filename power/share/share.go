// Package share divides the power of a place among the cars there: max-min fair, by phases, under a tree
// of limits. It is reckoned in whole mA and W, knows no time and keeps nothing.
//
// The rule, from the first to the last:
//
//  1. What cannot be told (fixed loads) and what else is taken counts first, even where it is too much.
//  2. Loads get their minimum, or nothing: those of a higher priority first; of the same priority those
//     that hold a share, then the others, each by how long they have waited. Nobody gets more than the
//     minimum as long as somebody else could have one. The minimum of one that only waits for others of its
//     own priority is set aside, so that smaller ones of it that have waited less do not take it bit by bit.
//  3. What is left goes to one priority after the other, within each step by step to the load that has the
//     least mA for its weight. A load that cannot have its next step stays where it is.
//
// So nobody's next step could be had by taking only from those of its priority that would still have as
// much for their weight, nor from those of lower ones beyond their minimum. And as long as who waits grows
// older and who has had a share long enough is no longer said to hold it, everybody's turn comes.
package share

// None is the limit of what has none.
const None int64 = -1

// DefaultVolts is the voltage of a phase in most of the world.
const DefaultVolts = 230

// Phase is one of the three phases of a site or, for limits in watts, all of them together.
type Phase int

// The phases.
const (
	L1 Phase = iota
	L2
	L3
	Total // of watts
)

func (p Phase) String() string { return [...]string{"L1", "L2", "L3", "total"}[p] }

// Problem is what there is to divide at one moment.
type Problem struct {
	Nodes []Node // a tree: the first is the root, and each comes behind its parent
	Loads []Load
	Volts int64 // of a phase, by which mA become W; 0 is [DefaultVolts]
}

// Node is a place with limits: the grid connection, a panel, a circuit, a station.
type Node struct {
	Parent int      // index in Nodes; of no meaning for the root
	Amps   [3]int64 // limits in mA on L1, L2, L3, or [None]
	Watts  int64    // limit over all phases, or [None]
	// Other is the mA that something else takes right there: what is below it, and what loads take, is not
	// in it. It flows through the nodes above as well. Where more is made than taken it is negative.
	Other [3]int64
}

// Load is an EVSE with a car, or about to have one. All currents are mA on each of its phases.
type Load struct {
	Key    string  // its own among all loads; decides between loads that are alike in everything
	Node   int     // index in Nodes
	Phases [3]bool // the phases of the site that it loads. DC is three phases.

	Min, Max int64   // it cannot charge with less than Min; no more than Max is of use to it. Max 0 is that it wants nothing.
	Steps    []int64 // the only currents that it knows, ascending; nil is all multiples of Step
	Step     int64   // 0 is 1

	Priority int   // the higher goes first
	Weight   int64 // its part among those of its priority; 0 is 1
	// Waited is the seconds since it had a share. Of one that has one it may be the negative of how long it
	// has had it, so that the one that has had one longest gives way first.
	Waited int64
	// Held keeps it before those that wait: it has a share, and has not had it long enough to give way.
	Held  bool
	Fixed bool // it cannot be told, or does not follow: it takes Max, whatever is left
}

// Why is why a load has its share and no more.
type Why string

// Reasons. Those about a node say which one, and on which phase.
const (
	Full      Why = "full"      // it has all it wants
	Fixed     Why = "fixed"     // it takes what it takes
	Unable    Why = "unable"    // it has nothing, as the most of use to it is less than its minimum
	Steps     Why = "steps"     // it knows no current between this one and one that is too much
	Limited   Why = "limited"   // the limit of a node, and what others take there
	Class     Why = "class"     // the limit of a node, where those of a higher priority go first
	Turn      Why = "turn"      // it has nothing, as others at a node have their turn now
	Shortfall Why = "shortfall" // it has nothing, as a node has less left than its minimum whoever's turn it is
)

// Share is what a load may take.
type Share struct {
	Amps int64 // mA on each of its phases; 0 or at least its minimum
	Why  Why

	// What binds it; Node is -1 where nothing does. The numbers are mA, or W where Phase is Total.
	Node  int
	Phase Phase
	Limit int64 // of the node there
	Other int64 // of it what is not to be divided: fixed loads, and what else is taken
	Loads int   // how many loads share the rest
}

// Use is what flows through a node, by [Phase]: mA on each phase, and W.
type Use struct {
	Other  [4]int64 // not to be divided: fixed loads, and what else is taken
	Shared [4]int64 // shares
	Count  [4]int   // how many loads have one
}

// Over is a limit that is exceeded by what cannot be told, and that no division can keep.
type Over struct {
	Node         int
	Phase        Phase
	Limit, Taken int64 // mA, or W where Phase is Total
}

// Division is how a problem was divided.
type Division struct {
	Shares []Share // as Problem.Loads
	Uses   []Use   // as Problem.Nodes
	Over   []Over  // by node and phase
}
