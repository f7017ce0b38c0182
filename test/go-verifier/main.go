// Command go-verifier checks Daybook's logs and evidence packages with golang.org/x/mod/sumdb alone. It shares
// nothing with Daybook but the published formats: c2sp.org/tlog-checkpoint, tlog-tiles and tlog-proof.
//
//	go-verifier package DIR
//	go-verifier log DIR VKEY
//
// It exits with status 1 and one line on standard error at the first thing that is wrong.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "go-verifier:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "package":
		return checkPackage(args[1])
	case len(args) == 3 && args[0] == "log":
		return checkLog(args[1], args[2])
	}
	return errors.New("usage: go-verifier package DIR | log DIR VKEY")
}

// openCheckpoint checks a checkpoint's signature and reads its tree.
func openCheckpoint(signed []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("not a root hash")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

type leaf struct {
	Ct  string `json:"ct"`
	Rec string `json:"rec"`
	ID  string `json:"id"`
}

// checkPackage checks every leaf against its record, seal and proof, and each proof against its log's head.
func checkPackage(dir string) error {
	data := filepath.Join(dir, "data")
	trees := map[string]tlog.Tree{}
	shards, err := os.ReadDir(filepath.Join(data, "logs"))
	if err != nil {
		return err
	}
	for _, shard := range shards {
		checkpoint, err := os.ReadFile(filepath.Join(data, "logs", shard.Name(), "checkpoint"))
		if err != nil {
			return err
		}
		vkey, err := os.ReadFile(filepath.Join(data, "logs", shard.Name(), "vkey"))
		if err != nil {
			return err
		}
		tree, err := openCheckpoint(checkpoint, strings.TrimSpace(string(vkey)))
		if err != nil {
			return fmt.Errorf("log %s: %w", shard.Name(), err)
		}
		trees[string(checkpoint)] = tree
	}
	leaves, err := filepath.Glob(filepath.Join(data, "leaves", "*.leaf"))
	if err != nil {
		return err
	}
	for _, path := range leaves {
		id := strings.TrimSuffix(filepath.Base(path), ".leaf")
		if err := checkLeaf(data, id, trees); err != nil {
			return fmt.Errorf("record %s: %w", id, err)
		}
	}
	rows, err := indexRows(filepath.Join(data, "index.csv"))
	if err != nil {
		return err
	}
	fmt.Printf("ok: %d leaves, %d records, %d logs\n", len(leaves), rows, len(shards))
	return nil
}

func checkLeaf(data, id string, trees map[string]tlog.Tree) error {
	entry, err := os.ReadFile(filepath.Join(data, "leaves", id+".leaf"))
	if err != nil {
		return err
	}
	var said leaf
	if err := json.Unmarshal(entry, &said); err != nil {
		return err
	}
	if said.ID != id {
		return errors.New("the leaf is of another record")
	}
	if _, err := os.Stat(filepath.Join(data, "disposals", id+".json")); err != nil {
		for path, sum := range map[string]string{"records/" + id + ".json": said.Rec, "sealed/" + id + ".pgp": said.Ct} {
			content, err := os.ReadFile(filepath.Join(data, path))
			if err != nil {
				return err
			}
			if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
				return fmt.Errorf("%s is not what was logged", path)
			}
		}
	}
	proof, err := os.ReadFile(filepath.Join(data, "proofs", id+".tlog-proof"))
	if err != nil {
		return err
	}
	head, checkpoint, found := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var hashes tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return errors.New("not a hash")
		}
		hashes = append(hashes, tlog.Hash(hash))
	}
	tree, known := trees[checkpoint]
	if !known {
		return errors.New("the proof's checkpoint is not one of data/logs")
	}
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func indexRows(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma = '|'
	rows, err := reader.ReadAll()
	return len(rows) - 1, err
}

// logTiles reads the tiles of a log that is a directory of files.
type logTiles struct{ dir string }

func (t logTiles) Height() int { return tileHeight }

func (t logTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t logTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// x/mod's path has the tile's height in it, which tlog-tiles leaves out.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		content, err := os.ReadFile(filepath.Join(t.dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

// checkLog checks a whole log: the signature, every hash in every tile it needs, and every entry.
func checkLog(dir, vkey string) error {
	checkpoint, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(checkpoint, vkey)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, logTiles{dir})
	for first := int64(0); first < tree.N; first += tileWidth {
		width := min(tileWidth, tree.N-first)
		entries, err := readBundle(dir, first/tileWidth, width)
		if err != nil {
			return err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		// TileHashReader authenticates what it returns against the tree's root.
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[i] {
				return fmt.Errorf("entry %d is not the one in the tree", first+int64(i))
			}
		}
	}
	fmt.Printf("ok: %d entries\n", tree.N)
	return nil
}

func readBundle(dir string, number, width int64) ([][]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: 0, N: number, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", tileHeight), "tile/entries/", 1)
	bundle, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("%s is cut short", path)
		}
		length := int(binary.BigEndian.Uint16(bundle))
		entries = append(entries, bundle[2:2+length])
		bundle = bundle[2+length:]
	}
	if int64(len(entries)) != width {
		return nil, fmt.Errorf("%s does not hold %d entries", path, width)
	}
	return entries, nil
}
