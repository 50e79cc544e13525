package btree

// QueueAlways has every batch queued that can be, however few wait together.
func (e *Engine) QueueAlways() { e.crowdMin = 0 }
