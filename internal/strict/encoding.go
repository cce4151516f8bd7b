package strict

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// byteOrderMark begins files that some editors write, and stays in the middle when such
// files are appended to each other.
const byteOrderMark = "\ufeff"

// asUTF8 converts UTF-16, in which PowerShell writes what a program prints into a file.
func asUTF8(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}
