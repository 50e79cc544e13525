package main

// One file a verb: serve.go, version.go; shell.go is the command without one. root.go
// has the tree of commands; a command's RunE returns errors, and main alone prints them
// and ends the process.
