# SPDX-License-Identifier: MIT
"""The picture: one row of bars per benchmark, with the CPU time per request of each server."""
import html

WIDTH, LABEL, BAR, GAP, TITLE = 860, 220, 16, 4, 30
COLOURS = {'geventd': '#1a7f37', 'limit': '#8c959f'}
OTHER = '#6ea8d8'
FONT = 'font-family="sans-serif" font-size="12"'


def panels(results):
    """(title, [(server, µs)]) of the benchmarks that measure CPU time."""
    for result in results.values():
        if result.get('order') == 'cpu':
            yield result['title'], [(name, median['cpu'] * 1e6)
                                    for name, median in result['medians'].items()]


def colour(name):
    return COLOURS.get(name.split(',')[0], OTHER)


def draw(results):
    parts, y = [], 10
    for title, bars in panels(results):
        y += TITLE
        parts.append(f'<text x="10" y="{y - 8}" {FONT} font-weight="bold">{html.escape(title)}, '
                     'CPU µs/request</text>')
        longest = max((value for _, value in bars), default=1) or 1
        for name, value in bars:
            length = max(1, value / longest * (WIDTH - LABEL - 80))
            middle = y + BAR - 4
            parts.append(
                f'<text x="{LABEL - 8}" y="{middle}" {FONT} text-anchor="end">{html.escape(name)}'
                f'</text><rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" '
                f'fill="{colour(name)}"/><text x="{LABEL + length + 6:.1f}" y="{middle}" {FONT}>'
                f'{value:,.1f}</text>')
            y += BAR + GAP
    body = '\n'.join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 10}" '
            f'viewBox="0 0 {WIDTH} {y + 10}">\n<rect width="100%" height="100%" fill="white"/>\n'
            f'{body}\n</svg>\n')
