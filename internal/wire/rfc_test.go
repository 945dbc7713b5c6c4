package wire

import (
	"bytes"
	"testing"
)

// vectors are the examples of RFC 8949, appendix A, and what tag 1001, RFC 8746 and our own names add. ours says that
// the Encoder writes the value in just this way.
var vectors = []struct {
	hex, events string
	ours        bool
}{
	{"00", "0", true}, {"01", "1", true}, {"0a", "10", true}, {"17", "23", true}, {"1818", "24", true}, {"1819", "25", true},
	{"1864", "100", true}, {"1903e8", "1000", true}, {"1a000f4240", "1000000", true},
	{"1b000000e8d4a51000", "1000000000000", true}, {"1bffffffffffffffff", "18446744073709551615n", false},
	{"c249010000000000000000", "18446744073709551616n", true}, {"3bffffffffffffffff", "-18446744073709551616n", false},
	{"c349010000000000000000", "-18446744073709551617n", true}, {"20", "-1", true}, {"29", "-10", true}, {"3863", "-100", true},
	{"3903e7", "-1000", true}, {"f90000", "0f", false}, {"f98000", "-0f", true}, {"f93c00", "1f", false},
	{"fb3ff199999999999a", "1.1f", true}, {"f93e00", "1.5f", false}, {"f97bff", "65504f", false}, {"fa47c35000", "100000f", false},
	{"fa7f7fffff", "3.4028234663852886e+38f", false}, {"fb7e37e43c8800759c", "1e+300f", true},
	{"f90001", "5.960464477539063e-08f", false}, {"f90400", "6.103515625e-05f", false}, {"f9c400", "-4f", false},
	{"fbc010666666666666", "-4.1f", true}, {"f97c00", "+Inff", true}, {"f97e00", "NaNf", true}, {"f9fc00", "-Inff", true},
	{"fa7f800000", "+Inff", false}, {"fa7fc00000", "NaNf", false}, {"faff800000", "-Inff", false},
	{"fb7ff0000000000000", "+Inff", false}, {"fb7ff8000000000000", "NaNf", false}, {"fbfff0000000000000", "-Inff", false},
	{"f4", "false", true}, {"f5", "true", true}, {"f6", "null", true}, {"f7", "undefined", true},
	{"c074323031332d30332d32315432303a30343a30305a", "time:1363896240,0", false},
	{"c11a514b67b0", "time:1363896240,0", true}, {"c1fb41d452d9ec200000", "time:1363896240,500000000", false},
	{"d74401020304", "custom[cbor.tag.23]1( h'01020304' )", true}, {"d818456449455446", "custom[cbor.tag.24]1( h'6449455446' )", true},
	{"d82076687474703a2f2f7777772e6578616d706c652e636f6d", `custom[cbor.tag.32]1( "http://www.example.com" )`, true},
	{"40", "h''", true}, {"4401020304", "h'01020304'", true}, {"60", `""`, true}, {"6161", `"a"`, true}, {"6449455446", `"IETF"`, true},
	{"62225c", `"\"\\"`, true}, {"62c3bc", `"ü"`, true}, {"63e6b0b4", `"水"`, true}, {"64f0908591", `"𐅑"`, true},
	{"80", "list0( )", true}, {"83010203", "list3( 1 2 3 )", true},
	{"8301820203820405", "list3( 1 list2( 2 3 ) list2( 4 5 ) )", true},
	{"98190102030405060708090a0b0c0d0e0f101112131415161718181819", "list25( 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 )", true},
	{"a0", "object0( )", true}, {"a201020304", "table2( 1 2 3 4 )", false}, {"a26161016162820203", "object2( a: 1 b: list2( 2 3 ) )", true},
	{"826161a161626163", `list2( "a" object1( b: "c" ) )`, true},
	{"a56161614161626142616361436164614461656145", `object5( a: "A" b: "B" c: "C" d: "D" e: "E" )`, true},
	{"5f42010243030405ff", "h'0102030405'", false}, {"7f657374726561646d696e67ff", `"streaming"`, false}, {"9fff", "list0( )", false},
	{"9f018202039f0405ffff", "list3( 1 list2( 2 3 ) list2( 4 5 ) )", false},
	{"9f01820203820405ff", "list3( 1 list2( 2 3 ) list2( 4 5 ) )", false},
	{"83018202039f0405ff", "list3( 1 list2( 2 3 ) list2( 4 5 ) )", false},
	{"83019f0203ff820405", "list3( 1 list2( 2 3 ) list2( 4 5 ) )", false},
	{"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", "list25( 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 )", false},
	{"bf61610161629f0203ffff", "object2( a: 1 b: list2( 2 3 ) )", false},
	{"826161bf61626163ff", `list2( "a" object1( b: "c" ) )`, false},
	{"bf6346756ef563416d7421ff", "object2( Fun: true Amt: -2 )", false},

	{"d9d9f700", "0", false}, {"c1f97e00", "time:0,-1", true}, {"c120", "time:-1,0", true}, {"c1f9bc00", "time:-1,0", false},
	{"d903e9a20105221903e7", "time:5,999000000", true}, {"d903e9a201052801", "time:5,1", true}, {"d903e9a2010525 01", "time:5,1000", false},
	{"d903e9bf0105386361 61ff", "time:5,0", false}, {"d823626162", "/ab/", false},
	{"d81b8366526567457870626162616 7", "/ab/g", true}, {"d81b9f66526567457870626162616 7ff", "/ab/g", false},
	{"d81b826b6d697261692e5554463136d8454200d8", "utf16:[d800]", true},
	{"d8404201ff", "Uint8Array:01ff", true}, {"d84442 01ff", "Uint8ClampedArray:01ff", true}, {"d841420102", "Uint16Array:0201", false},
	{"d8564800000000 0000f03f", "Float64Array:000000000000f03f", true}, {"d852483ff0000000000000", "Float64Array:000000000000f03f", false},
	{"d850423c00", "Float32Array:0000803f", false}, {"d85442003c", "Float32Array:0000803f", false}, {"d84840", "Int8Array:", true},
	{"d8565f440000000044 0000f03fff", "Float64Array:000000000000f03f", false},
	{"d81b826b41727261794275666665724101", "ArrayBuffer:01", true}, {"d81b8268446174615669657740", "DataView:", true},
	{"d90102820102", "Set2( 1 2 )", true}, {"d90103a101f6", "Map1( 1 null )", true}, {"d90103bf01f6ff", "Map1( 1 null )", false},
	{"d81b826b6d697261692e5461626c65a2616101 02f5", `table2( "a" 1 2 true )`, true},
	{"d81b9f6b6d697261692e5461626c65bf616101 02f5ffff", `table2( "a" 1 2 true )`, false},
	{"d81b836b6d697261692e4572726f726145a1676d6573736167656178", `error[E]1( message: "x" )`, true},
	{"d81b836e6d697261692e46756e6374696f6e626a73a1606178", `function[js]1( : "x" )`, true},
	{"d81b826550 6f696e7401", "custom[Point]1( 1 )", true},
	{"d81c83 01 d81d00 80", "list3( 1 #0 list0( ) )", true}, {"82d81cc101 d81d00", "list2( time:1,0 #1 )", true},
	{"83d81c6161 01 02", `list3( "a" 1 2 )`, false}, {"83 80 d81ca0 d81d00", "list3( list0( ) object0( ) #2 )", true},
	{"82d81cd81c80d81d01", "list2( list0( ) #1 )", false},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		raw := unhex(t, v.hex)
		if got, err := events(raw); err != nil || got != v.events {
			t.Errorf("Decode(%s) = %s, %v, want %s", v.hex, got, err, v.events)
			continue
		}
		if n, err := Skip(append(raw, 0)); n != len(raw) || err != nil {
			t.Errorf("Skip(%s) = %d, %v", v.hex, n, err)
		}
		again, err := recode(raw)
		if err != nil || v.ours && !bytes.Equal(again, raw) {
			t.Errorf("%s is encoded as %x, %v", v.hex, again, err)
			continue
		}
		if got := mustEvents(t, again); got != v.events {
			t.Errorf("%s is decoded again as %s, want %s", v.hex, got, v.events)
		}
	}
	for _, unassigned := range []string{"f0", "f8ff"} {
		if n, err := Skip(unhex(t, unassigned)); err != nil || n != len(unassigned)/2 {
			t.Errorf("Skip(%s) = %d, %v", unassigned, n, err)
		}
	}
}

// TestMalformed holds what must be refused, by RFC 8949, appendix F, and by us.
func TestMalformed(t *testing.T) {
	for h, want := range map[string]string{
		"": "byte 0: the data ends too early", "18": "byte 0: the data ends too early", "1c": "byte 0: not a CBOR head",
		"1f": "byte 0: not a CBOR head", "df00": "byte 0: not a CBOR head", "ff": "byte 0: a break stands where a value should be",
		"81ff": "byte 1: a break", "f800": "byte 0: not a CBOR head", "f81f": "byte 0: not a CBOR head", "f0": "simple value 16",
		"f8ff": "simple value 255", "4161ff": "after the value", "42 61": "byte 0: a string of 2 bytes is announced, 1 are left",
		"61ff": "byte 0: a text is not UTF-8", "7f61c361a9ff": "a text is not UTF-8", "5f6161ff": "a piece of a string is of another type",
		"5f5f4161ffff": "a piece of a string", "9f": "byte 1: the data ends too early", "bf01ff": "byte 2: a key has no value",
		"9bffffffffffffffff": "items are announced", "bbffffffffffffffff": "items are announced", "9a7fffffff00": "byte 0: 2147483647 items are announced, 1 bytes are left",
		"82 82 00": "byte 1: 2 items are announced", "a2 6161 01 02 03": "byte 4: a map with text keys has another key",
		"d81d00": "a reference to what is not there", "82d81c01d81d00": "a value that has no identity", "d81cd81d00": "a value is a reference to itself",
		"d856 41 00": "no whole number of elements", "d856 00": "the bytes of a typed array should stand here", "c1 61 61": "not a number of seconds",
		"c1 f97c00": "not a number of seconds", "c0 6161": `"a" is not a date`, "d903e9a0": "no seconds", "d903e9a20100 0200": "a key that is not known",
		"d903e9a20100 22 1903e8": "not a part of a second", "d90102a0": "the array of a set should stand here", "d9010380": "the map of tag 259 should",
		"d81b80": "byte 3: the data ends too early", "d81b8101": "the name of an object", "d81b816161": `an object "a" has 1 parts, not 2`,
		"d81b83676d697261692e780101": `an object "mirai.x" has 3 parts, not 2`, "d81b8267 6d697261692e78 01": "the other side is of a later release",
		"d81b9f61 6101 02ff": `an object "a" has 3 parts`, "c2 01": "the bytes of a big integer", "9f d81b9f 6161 01 00 ffff": "has 3 parts",
	} {
		text, err := events(unhex(t, h))
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(want)) {
			t.Errorf("Decode(%s) = %s, %v, want an error with %q", h, text, err, want)
		}
	}
}
