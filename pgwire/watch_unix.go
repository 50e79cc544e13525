//go:build unix

package pgwire

import "syscall"

// peekEOF reports whether the next read would find the end, a broken connection, or
// nothing but Terminate, behind which the end cannot be seen.
func peekEOF(fd uintptr) bool {
	const terminate = "X\x00\x00\x00\x04"
	var b [len(terminate) + 1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch err {
	case nil:
		return n == 0 || string(b[:n]) == terminate
	case syscall.EAGAIN, syscall.EINTR:
		return false
	}
	return true
}
