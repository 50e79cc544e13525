// Package mvcc keeps several committed versions of every key and shows each
// transaction the one its snapshot may see.
package mvcc
