/* Instants in words. They arrive as RFC 3339 in UTC and are shown in the reader's own time. */

const day = 86400;

const dateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const timeFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
});
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export const localDate = (instant: string): string => dateFormat.format(new Date(instant));
export const localTime = (instant: string): string => timeFormat.format(new Date(instant));
export const utcTime = (instant: string): string => `${instant.replace('T', ' ').replace(/(\.\d+)?Z$/, '')} UTC`;

/* "3 minutes ago", "in 2 days". */
export function ago(instant: string, now = Date.now()): string {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 45) return seconds <= 0 ? 'just now' : 'in a moment';
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < day) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 60 * day) return relative.format(Math.round(seconds / day), 'day');
  if (size < 730 * day) return relative.format(Math.round(seconds / day / 30.44), 'month');
  return relative.format(Math.round(seconds / day / 365.25), 'year');
}

/* What days_left means: "10 days left", "ends today", "ended 3 days ago". */
export function daysLeft(days: number): string {
  if (days > 1) return `${days.toLocaleString('en')} days left`;
  if (days === 1) return '1 day left';
  if (days === 0) return 'less than a day left';
  if (days === -1) return 'ended within the last day';
  return `ended ${(-days).toLocaleString('en')} days ago`;
}

/* "7 days before the end", "the day after it": a notification period. */
export function period(days: number): string {
  if (days === 0) return 'on the day it ends';
  const n = Math.abs(days);
  return `${n} ${n === 1 ? 'day' : 'days'} ${days > 0 ? 'before' : 'after'} the end`;
}

/* The value of <input type="date">, in UTC. */
export const dateInput = (date: Date): string => date.toISOString().slice(0, 10);
