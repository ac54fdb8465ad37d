export interface Column<R> {
  /** Shown in capitals, as kubectl does. */
  readonly title: string;
  /** An empty one is shown as `<none>`. */
  readonly text: (row: R) => string;
  /** Applied after the width is known, so that escape sequences do not count. */
  readonly paint?: (text: string, row: R) => string;
}

const GAP = '   ';

/** Rows under headings, laid out as kubectl's: three blanks between columns, none after the last. */
export function table<R>(columns: readonly Column<R>[], rows: readonly R[]): string {
  const cells = rows.map((row) => columns.map(({ text }) => text(row) || '<none>'));
  const titles = columns.map(({ title }) => title.toUpperCase());
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)),
  );
  const pad = (text: string, i: number) =>
    i === columns.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - text.length) + GAP;
  const head = titles.map((title, i) => title + pad(title, i)).join('');
  const body = rows.map((row, r) =>
    columns
      .map(({ paint }, i) => {
        const text = cells[r]?.[i] ?? '';
        return (paint?.(text, row) ?? text) + pad(text, i);
      })
      .join(''),
  );
  return [head, ...body].map((line) => `${line}\n`).join('');
}
