// Product pictures drawn from three numbers: a lamp's shade, its stand and its colour.
export function lamp({ hue, shade, stand }, size = 240) {
  const light = `hsl(${hue} 85% 88%)`;
  const deep = `hsl(${hue} 45% 42%)`;
  const shades = [
    `<path d="M72 104 L96 48 H144 L168 104 Z" fill="${deep}"/>`,
    `<path d="M66 104 A54 54 0 0 1 174 104 Z" fill="${deep}"/>`,
    `<circle cx="120" cy="80" r="38" fill="${light}" stroke="${deep}" stroke-width="5"/>`,
  ];
  const stands = [
    `<path d="M120 104 V196 M84 200 H156" stroke="#6b4a2f" stroke-width="9" stroke-linecap="round"/>`,
    `<path d="M120 104 L88 202 M120 104 L152 202 M120 104 V170" stroke="#6b4a2f" stroke-width="7" stroke-linecap="round"/>`,
    `<path d="M120 48 V0" stroke="#3f3a36" stroke-width="4"/>`,
  ];
  return (
    `<svg viewBox="0 0 240 240" width="${size}" height="${size}" role="img" aria-hidden="true">` +
    `<rect width="240" height="240" rx="18" fill="hsl(${hue} 40% 95%)"/>` +
    `<ellipse cx="120" cy="118" rx="92" ry="84" fill="${light}" opacity=".7"/>` +
    `${stands[stand]}${shades[shade]}</svg>`
  );
}
