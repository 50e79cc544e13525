package main

// One file a verb: serve.go, version.go. root.go has the tree of commands; a
// command's RunE returns errors, and main alone prints them and ends the process.
