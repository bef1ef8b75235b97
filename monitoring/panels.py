"""How each kind of panel looks, in Grafana's terms: one function a kind. All take the panel's
title, what it shows, its query or queries, and the unit of their values.
"""

GRID_WIDTH = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def query(expression, legend="", *, instant=False, shape="time_series"):
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": expression,
            "format": shape, "instant": instant,
            "legendFormat": legend or "__auto", "range": not instant}


def ranking(expression):
    """One row for each series, now: what maps, bars and tables take."""
    return query(expression, instant=True, shape="table")


def panel(kind, title, description, queries, unit, options, *, width, height=8, custom=None,
          transformations=(), **defaults):
    """One panel; its place and its id come later."""
    queries = queries if isinstance(queries, list) else [queries]
    made = {
        "type": kind, "title": title, "description": description, "datasource": DATASOURCE,
        "gridPos": {"h": height, "w": width, "x": 0, "y": 0},
        "fieldConfig": {"defaults": {"unit": unit, "custom": custom or {}, **defaults},
                        "overrides": []},
        "options": options,
        "targets": [{"refId": letter, **target} for letter, target in zip("ABCDEFGH", queries)],
    }
    if transformations:
        made["transformations"] = list(transformations)
    return made


def steps(*values_and_colors):
    """Thresholds: each color counts from its value on."""
    return {"mode": "absolute",
            "steps": [{"value": value, "color": color} for value, color in values_and_colors]}


def stat(title, description, queries, unit="locale", *, width=6, height=5, sparkline=False,
         thresholds=steps((None, "blue")), **defaults):
    options = {
        "colorMode": "value", "graphMode": "area" if sparkline else "none", "justifyMode": "auto",
        "orientation": "auto", "textMode": "auto", "wideLayout": True,
        "percentChangeColorMode": "standard", "showPercentChange": False,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return panel("stat", title, description, queries, unit, options, width=width, height=height,
                 thresholds=thresholds, color={"mode": "thresholds"}, **defaults)


def series(title, description, queries, unit, *, stacked=False, seldom=False, width=12,
           **defaults):
    """`seldom`: there is not always a value, so that one alone has to show."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 40 if stacked else 10,
              "showPoints": "auto" if seldom else "never", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    options = {"legend": {"calcs": [], "displayMode": "list", "placement": "bottom",
                          "showLegend": True},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, queries, unit, options, width=width,
                 custom=custom, min=0, color={"mode": "palette-classic"}, **defaults)


def heatmap(title, description, expression, unit, *, width=12, height=8):
    """A histogram over time: the rates of its buckets, by le. Grafana takes each apart from those
    below it."""
    options = {
        "calculate": False, "cellGap": 1, "filterValues": {"le": 1e-9},
        "rowsFrame": {"layout": "auto"},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
        "color": {"mode": "scheme", "scheme": "Blues", "scale": "exponential", "exponent": 0.5,
                  "fill": "dark-blue", "reverse": False, "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"}, "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
    }
    return panel("heatmap", title, description, query(expression, "{{le}}", shape="heatmap"),
                 "locale", options, width=width, height=height,
                 custom={"hideFrom": {"legend": False, "tooltip": False, "viz": False},
                         "scaleDistribution": {"type": "linear"}})


def tidied(**names):
    """Transformations of a ranking: no time, the largest first, columns named."""
    return [{"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": {},
                                           "renameByName": names}},
            {"id": "sortBy", "options": {"fields": {},
                                         "sort": [{"field": names["Value"], "desc": True}]}}]


def bars(title, description, expression, unit, label, value, *, width=12, height=8,
         label_length=0):
    """`label_length`: characters after which a label is cut; 0: nowhere."""
    options = {
        "orientation": "horizontal", "xField": label, "showValue": "auto", "stacking": "none",
        "barWidth": 0.8, "groupWidth": 0.7, "fullHighlight": False, "barRadius": 0,
        "xTickLabelRotation": 0, "xTickLabelMaxLength": label_length, "xTickLabelSpacing": 0,
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return panel("barchart", title, description, ranking(expression), unit, options, width=width,
                 height=height, custom={"fillOpacity": 80, "lineWidth": 1}, min=0,
                 color={"mode": "palette-classic"},
                 transformations=tidied(Value=value, **{label.lower(): label}))


def table(title, description, expression, unit, labels, value, *, width=12):
    """Labels by their headings, or a dictionary of both."""
    headings = labels if isinstance(labels, dict) else {name.lower(): name for name in labels}
    options = {"cellHeight": "sm", "frameIndex": 0, "showHeader": True,
               "sortBy": [{"displayName": value, "desc": True}]}
    return panel("table", title, description, ranking(expression), unit, options, width=width,
                 custom={"align": "auto", "filterable": True},
                 transformations=tidied(Value=value, **headings))


def world(title, description, expression, unit, *, width=12, height=8):
    """A map with a circle on each country that Grafana's gazetteer knows by its code."""
    style = {
        "size": {"field": "Value", "fixed": 6, "min": 6, "max": 30},
        "color": {"field": "Value", "fixed": "blue"}, "opacity": 0.6,
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        "text": {"mode": "field", "field": "country", "fixed": ""},
        "textConfig": {"fontSize": 11, "offsetX": 0, "offsetY": 0, "textAlign": "center",
                       "textBaseline": "middle"},
    }
    options = {
        "view": {"id": "zero", "lat": 20, "lon": 0, "zoom": 1, "allLayers": True},
        "controls": {"showZoom": True, "mouseWheelZoom": False, "showAttribution": True,
                     "showScale": False, "showMeasure": False, "showDebug": False},
        "basemap": {"type": "default", "name": "Base", "config": {}},
        "layers": [{"type": "markers", "name": "Countries", "tooltip": True,
                    "location": {"mode": "lookup", "lookup": "country",
                                 "gazetteer": "public/gazetteer/countries.json"},
                    "config": {"showLegend": False, "style": style}}],
        "tooltip": {"mode": "details"},
    }
    return panel("geomap", title, description, ranking(expression), unit, options, width=width,
                 height=height, color={"mode": "continuous-BlYlRd"})
