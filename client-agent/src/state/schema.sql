-- The state at one commit. Keys are the sort keys of paths; `stamp` is what the file system said when it was read.
CREATE TABLE entry (
    key   BLOB PRIMARY KEY,
    stamp BLOB NOT NULL,
    tail  BLOB NOT NULL
) WITHOUT ROWID;

-- Chunk objects that the state uses. `kind`: 0 data, 1 bundle of small files, 2 page of extents, 3 page of a base.
-- `users` counts extents (data), used slices (bundles), entries or pages (pages). `page` is a page's plaintext.
CREATE TABLE chunk (
    id         INTEGER PRIMARY KEY,
    ckey       BLOB NOT NULL,
    cid        BLOB NOT NULL,
    kind       INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    users      INTEGER NOT NULL,
    used_bytes INTEGER NOT NULL,
    page       BLOB
);
CREATE UNIQUE INDEX chunk_by_ckey ON chunk (ckey);

-- Small files inside bundles, by content: `content` is half of the keyed hash of the file.
CREATE TABLE slice (
    chunk   INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    users   INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (chunk, start)
) WITHOUT ROWID;
CREATE INDEX slice_by_content ON slice (content);

-- Pages of the newest base.
CREATE TABLE base_page (chunk INTEGER PRIMARY KEY);

-- The listed gaps of the commit.
CREATE TABLE gap (path BLOB NOT NULL, reason INTEGER NOT NULL);

-- Heads of the account's other sets; `told` once a commit has named them.
CREATE TABLE seen (
    set_id BLOB PRIMARY KEY,
    seq    INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    told   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE position (id INTEGER PRIMARY KEY CHECK (id = 0), value BLOB NOT NULL);
