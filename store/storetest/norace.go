//go:build !race

package storetest

// Raced tells that the tests look for races, which makes them many times slower.
const Raced = false
