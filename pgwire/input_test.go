package pgwire

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/minisql/minisql"
	"github.com/minisql/minisql/sqlerr"
)

func anySize(byte) (int, error) { return messageMax, nil }

// TestInputGrowsWithData announces a gigabyte and sends little of it.
func TestInputGrowsWithData(t *testing.T) {
	for _, sent := range []int{0, 100, 100_000} {
		var in input
		in.init(io.MultiReader(bytes.NewReader([]byte{'Q', 0x3f, 0xff, 0xff, 0x00}), bytes.NewReader(make([]byte, sent))))
		if _, _, err := in.message(anySize); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if most := max(inputLarge, 4*sent); len(in.buf) > most {
			t.Errorf("%d bytes sent, %d bytes of buffer", sent, len(in.buf))
		}
		in.relax()
		if len(in.buf) != inputSmall {
			t.Error("a large buffer is kept")
		}
	}
}

// TestInputMessages cuts messages of all sizes out of a stream that comes in pieces.
func TestInputMessages(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var stream []byte
	var want [][]byte
	for _, size := range []int{0, 1, 5, inputSmall - 5, inputSmall, inputSmall + 1, 3000, inputLarge - 5, inputLarge, 100_000, 7, 300_000, 0} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(rnd.Uint32())
		}
		n := size + 4
		stream = append(append(stream, 'd', byte(n>>24), byte(n>>16), byte(n>>8), byte(n)), body...)
		want = append(want, body)
	}
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(stream), "halves": iotest.HalfReader(bytes.NewReader(stream)), "bytes": iotest.OneByteReader(bytes.NewReader(stream))} {
		var in input
		in.init(r)
		for i, w := range want {
			typ, body, err := in.message(anySize)
			if err != nil || typ != 'd' || !bytes.Equal(body, w) {
				t.Fatal(name, i, len(body), err)
			}
			if !in.buffered() {
				in.relax()
			}
		}
		if _, _, err := in.message(anySize); !errors.Is(err, io.EOF) {
			t.Fatal(name, err)
		}
	}
}

// TestPanic costs the connection, which hears of it, and nobody else.
func TestPanic(t *testing.T) {
	db, err := minisql.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	logged := ""
	srv, err := NewServer(db, Options{Logf: func(format string, _ ...any) { logged = format }})
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{srv: srv}
	err = c.guard(func() error { panic("a bug") })
	if sqlerr.CodeOf(err) != sqlerr.Internal || logged == "" {
		t.Fatal(err, logged)
	}
}

func TestVerifier(t *testing.T) {
	for _, bad := range []string{"SCRAM-SHA-256$", "SCRAM-SHA-256$4096:x", "SCRAM-SHA-256$0:c2FsdA==$a2V5:a2V5", "SCRAM-SHA-256$4096:!$a2V5:a2V5", "SCRAM-SHA-256$4096:c2FsdA==$a2V5"} {
		if _, err := verifier(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	for _, opts := range []Options{{Auth: "md5"}, {Auth: AuthSCRAM}, {Auth: AuthSCRAM, Passwords: map[string]string{"a": "SCRAM-SHA-256$"}}} {
		if _, err := NewServer(nil, opts); err == nil {
			t.Errorf("%+v was taken", opts)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for s, want := range map[string]map[string]string{
		"":                             {},
		"-c a=b":                       {"a": "b"},
		"-ca=b  --c-d=e":               {"a": "b", "c_d": "e"},
		`-c search_path=a,\ b -c x=\\`: {"search_path": "a, b", "x": `\`},
		"-c a=b=c":                     {"a": "b=c"},
		"-c":                           nil,
		"-c a":                         nil,
		"-x":                           nil,
		"word":                         nil,
	} {
		got := make(map[string]string)
		err := parseOptions(s, got)
		if (err != nil) != (want == nil) {
			t.Errorf("%q: %v", s, err)
			continue
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%q: %v", s, got)
			}
		}
	}
}
