package storagetest

import "io/fs"

// fault makes an operation fail: the one with the given number, or all from there on. It
// counts those that change the disk (creating, writing, syncing, closing, naming), or those that
// only read.
type fault struct {
	reads bool
	at    int   // counts down to the operation that fails
	err   error // what it returns
	short bool  // a write that fails writes its first half
	stays bool  // all operations after it fail too

	hit  bool   // it has happened
	what string // the operation and its file
}

// fail counts an operation that changes the disk, and says whether it fails. short tells a
// write to write half; then err is set as well. The disk is locked.
func (d *Disk) fail(op, name string) (short bool, err error) {
	if f := d.fault; f != nil && !f.reads {
		return f.count(op, name)
	}
	return false, nil
}

// failRead counts an operation that reads, and says whether it fails. The disk is locked.
func (d *Disk) failRead(op, name string) error {
	if f := d.fault; f != nil && f.reads {
		_, err := f.count(op, name)
		return err
	}
	return nil
}

func (f *fault) count(op, name string) (short bool, err error) {
	f.at--
	if f.at > 0 || (f.at < 0 && !f.stays) {
		return false, nil
	}
	if !f.hit {
		f.hit, f.what = true, op+" "+name
	}
	return f.short && op == "write", &fs.PathError{Op: op, Path: name, Err: f.err}
}

// setFault makes operations fail, or with nil no longer.
func (d *Disk) setFault(f *fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}
