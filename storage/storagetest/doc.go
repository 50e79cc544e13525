// Package storagetest is the suite that every storage engine must pass: the
// contract rule by rule, a model check against a sorted map, a crash at every
// sync, and a failure of every kind of file operation. An engine's own test calls Run.
//
// Random tests print their seed; -storagetest.seed repeats one.
package storagetest
