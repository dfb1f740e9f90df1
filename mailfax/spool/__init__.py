"""What is durable: the queue, the blobs, the call folders; schedule and retry.

Where to look: `store` (the one door to the database), `writer` (why a commit is shared), `tables` and `migrations` (the schema),
`blobs` (mails and pages by content), `callfolder` (what a line writes during a call, files only), `recovery` and `adopt` (what a crash
left), `retry` (what happens next, as a table), `faultpoint` (where the crash tests strike).

Only this package speaks SQL.
"""
