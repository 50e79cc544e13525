package txn

import "errors"

// ErrWouldBlock answers a NoWait request that would have to wait. The caller,
// who knows the relation's name, makes it 55P03.
var ErrWouldBlock = errors.New("txn: lock is not available")
