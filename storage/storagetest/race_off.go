//go:build !race

package storagetest

// raceDetector says that everything takes ten times as long.
const raceDetector = false
