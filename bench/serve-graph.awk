# SPDX-License-Identifier: Apache-2.0
# Draws what tests/server/load.c noted each five seconds (a CSV file) as an SVG picture: memory, answers, and how long they took.
BEGIN {
    FS = ","
    WIDTH = 900; LEFT = 70; RIGHT = 20; TOP = 44; PANEL = 120; STEP = 178
    count = 0
}
FNR > 1 {
    time[count] = $1
    value[0, count] = $3 / 1024
    value[1, count] = $2
    value[2, count] = $4
    value[3, count] = $5
    count++
}
function x(seconds) {
    return LEFT + seconds / time[count - 1] * (WIDTH - LEFT - RIGHT)
}
# The least of 1, 2, 5, 10, 20, 50, ... that is not below a number.
function round_up(number,    power) {
    for (power = 1; ; power *= 10) {
        if (number <= power)
            return power
        if (number <= 2 * power)
            return 2 * power
        if (number <= 5 * power)
            return 5 * power
    }
}
function line(row, top, most, class,    i) {
    printf "<polyline class=\"%s\" points=\"", class
    for (i = 0; i < count; i++)
        printf "%s%.1f,%.1f", i ? " " : "", x(time[i]), top + PANEL - value[row, i] / most * PANEL
    print "\"/>"
}
function panel(place, title, rows,    top, most, i, k, first) {
    top = TOP + place * STEP
    most = 0
    first = place == 2 ? 2 : place
    for (k = first; k < first + rows; k++)
        for (i = 0; i < count; i++)
            if (value[k, i] > most)
                most = value[k, i]
    most = round_up(most)
    printf "<text class=\"strong\" x=\"%d\" y=\"%d\">%s</text>\n", LEFT, top - 10, title
    for (i = 0; i <= 2; i++) {
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, WIDTH - RIGHT, top + PANEL * i / 2, top + PANEL * i / 2
        printf "<text class=\"faint\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%g</text>\n", LEFT - 8, top + PANEL * i / 2 + 5, most * (2 - i) / 2
    }
    for (k = first; k < first + rows; k++)
        line(k, top, most, k == 3 ? "second" : "first")
    for (i = 0; i <= 4; i++)
        printf "<text class=\"faint\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%g s</text>\n", x(time[count - 1] * i / 4), top + PANEL + 20, int(time[count - 1] * i / 4 + 0.5)
}
END {
    height = TOP + 3 * STEP - 20
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", WIDTH, height, WIDTH, height
    print "<style>"
    print "text { font: 14px system-ui, sans-serif; fill: #1f2328 } .strong { font-weight: 600 } .faint { fill: #59636e }"
    print "line { stroke: #d1d9e0 } polyline { fill: none; stroke-width: 1.5 } .first { stroke: #1d4ed8 } .second { stroke: #c2410c }"
    print ".paper { fill: #ffffff }"
    print "@media (prefers-color-scheme: dark) {"
    print "text { fill: #e6edf3 } .faint { fill: #9198a1 } line { stroke: #3d444d } .first { stroke: #60a5fa } .second { stroke: #fb923c } .paper { fill: #0d1117 }"
    print "}"
    print "</style>"
    printf "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", WIDTH, height
    panel(0, "memory of the server, MiB", 1)
    panel(1, "answers a second", 1)
    panel(2, "time of an answer, ms: the median, and (orange) what 99 of 100 do not exceed", 2)
    print "</svg>"
}
