// Package dir is what every engine does with its directory: making it so that it
// survives a crash, holding it against other processes, refusing a directory of other
// things, looking at the free space before a write needs it, and keeping it as it is while
// somebody only looks.
//
//	engine.Open ──Make──▶ a durable, empty directory, or the one that is there
//	            ──Lock──▶ ErrLocked if another process has it
//	engine.Apply ─Space─▶ ErrNoSpace while the disk is nearly full
//	check, convert ─Freeze─▶ a file system over the directory that does not change it
//
// Errors are storage's sentinels, wrapped with the directory's name.
package dir
