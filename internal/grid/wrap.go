package grid

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Wrap breaks a text into lines of at most width characters: between words, and inside a word
// that is longer than a line, after a sign where it has one. 0 or less is no limit.
func Wrap(text string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line := ""
	// An empty word is one more space, which is kept inside of a line.
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, strings.TrimRight(line, " "))
			line = word
		}
		for utf8.RuneCountInString(line) > width {
			head, rest := split(line, width)
			lines = append(lines, head)
			line = rest
		}
	}
	return append(lines, line)
}

// split breaks a word at the width, or after the last sign in the second half of what fits.
func split(word string, width int) (head, rest string) {
	runes := []rune(word)
	for i := width; i > width/2; i-- {
		if isSign(runes[i-1]) {
			return string(runes[:i]), string(runes[i:])
		}
	}
	return string(runes[:width]), string(runes[width:])
}

// isSign says that a word may be broken after it.
func isSign(r rune) bool { return strings.ContainsRune("-/.,=:", r) }

// Paragraph wraps a line whose continuation begins below its text: after its indentation, and
// after the mark of a list.
func Paragraph(text string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	body := strings.TrimLeft(text, " ")
	indent := len(text) - len(body)
	hang := indent
	mark := ""
	if strings.HasPrefix(body, "- ") {
		mark, body = "- ", body[2:]
		hang += 2
	}
	if width-hang < narrow {
		return Wrap(text, width)
	}
	lines := Wrap(body, width-hang)
	for i := range lines {
		before := strings.Repeat(" ", hang)
		if i == 0 {
			before = strings.Repeat(" ", indent) + mark
		}
		lines[i] = before + lines[i]
	}
	return lines
}

// WidthOf is the width of what is written to: what $COLUMNS says, else that of the terminal;
// 0 for a file or a pipe, whose lines have no end.
func WidthOf(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}
