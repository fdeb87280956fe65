/** Tables, headings and wrapped text for a terminal of 80 columns. @module */

/** Columns of the terminal that output is made for. */
const WIDTH = 80;

const bold = Deno.stdout.isTerminal() && !Deno.noColor;

/** A line that begins a part of the output. */
export function heading(text: string): string {
  return bold ? `\n\x1b[1m${text}\x1b[0m` : `\n${text}\n${"-".repeat(text.length)}`;
}

/**
 * Rows under column names, as wide as their longest cell; what exceeds the line is cut off with an ellipsis. Columns
 * in which every cell is a number are aligned to the right.
 */
export function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const numeric = names.map((_, i) => rows.length > 0 && rows.every((row) => /^\d*$/.test(row[i] ?? "")));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) =>
      numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
    );
    const text = `  ${padded.join("  ")}`.trimEnd();
    return text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text;
  };
  return [line(names), ...rows.map(line)].join("\n");
}

/** Words in lines of at most 80 columns, each indented. */
export function wrap(words: readonly string[], indent = "  "): string {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, indent + line].join("\n");
}
