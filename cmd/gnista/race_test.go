//go:build race

package main

// raced tells that the tests look for races, which makes them many times slower.
const raced = true
