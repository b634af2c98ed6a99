/* What a cron expression of five fields means, in words; null for what is no such expression. */

const names = {
  month: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
    'December'],
  weekday: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
};

const macros: Record<string, string> = {
  '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *', '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *',
};

const item = /^(\*|\d+|[a-z]{3})(?:-(\d+|[a-z]{3}))?(?:\/(\d+))?$/i;

function isField(field: string): boolean {
  return field.split(',').every((part) => item.test(part));
}

const two = (n: string): string => n.padStart(2, '0');

function list(words: string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

function named(field: string, table: string[], offset: number): string {
  return list(field.split(',').map((part) => {
    const [, from = '', to, step] = item.exec(part) ?? [];
    const name = (word: string) => (/^\d+$/.test(word) ? table[Number(word) - offset] ?? word
      : table.find((n) => n.toLowerCase().startsWith(word.toLowerCase())) ?? word);
    const range = from === '*' ? 'every one' : to ? `${name(from)} to ${name(to)}` : name(from);
    return step ? `every ${step} of ${range}` : range;
  }));
}

function times(minute: string, hour: string): string {
  const everyMinutes = /^\*\/(\d+)$/.exec(minute);
  const everyHours = /^\*\/(\d+)$/.exec(hour);
  const plainMinutes = /^\d+(,\d+)*$/.test(minute);
  if (minute === '*' && hour === '*') return 'every minute';
  if (everyMinutes && hour === '*') return `every ${everyMinutes[1]} minutes`;
  if (plainMinutes && hour === '*') return `every hour at minute ${list(minute.split(','))}`;
  if (plainMinutes && everyHours) return `every ${everyHours[1]} hours at minute ${list(minute.split(','))}`;
  if (plainMinutes && /^\d+(,\d+)*$/.test(hour))
    return `at ${list(hour.split(',').flatMap((h) => minute.split(',').map((m) => `${two(h)}:${two(m)}`)))} UTC`;
  return `in hours ${hour} at minutes ${minute}`;
}

function days(day: string, month: string, weekday: string): string {
  const parts: string[] = [];
  if (day !== '*' && weekday !== '*') parts.push(`on day ${day} of the month or on ${named(weekday, names.weekday, 0)}`);
  else if (day !== '*') parts.push(`on day ${day} of the month`);
  else if (weekday !== '*') parts.push(`on ${named(weekday, names.weekday, 0)}`);
  if (month !== '*') parts.push(`in ${named(month, names.month, 1)}`);
  return parts.join(' ');
}

export function cronWords(expression: string): string | null {
  const text = macros[expression.trim().toLowerCase()] ?? expression.trim();
  const [minute, hour, day, month, weekday, ...more] = text.split(/\s+/);
  if (!minute || !hour || !day || !month || !weekday || more.length > 0) return null;
  if (![minute, hour, day, month, weekday].every(isField)) return null;
  const when = times(minute, hour);
  const which = days(day, month, weekday);
  if (which === '') return when.startsWith('at ') ? `every day ${when}` : when;
  return `${when} ${which}`;
}
