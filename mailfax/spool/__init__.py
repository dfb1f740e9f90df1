"""What is durable: the queue, the blobs, the call folders; schedule and retry."""
