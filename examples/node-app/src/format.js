// Seconds for people: "0.4 s", "38 s", "3 min 20 s", "2 h 5 min".
export function formatSeconds(seconds) {
  if (!Number.isFinite(seconds)) return 'for ever';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
