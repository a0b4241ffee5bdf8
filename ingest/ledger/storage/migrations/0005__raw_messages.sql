-- Small raw messages beside their events, in one transaction with them. Larger ones, films and older ones are blobs.
CREATE TABLE raw_messages (
    event_id BIGINT PRIMARY KEY NOT NULL REFERENCES events (id),
    raw $bytes NOT NULL
);
