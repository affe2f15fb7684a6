"""A DuckDB wheel behind sqllogictest's external-engine protocol.

usage: driver.py EXTENSION
Reads {"sql": …} lines, answers {"result": [[…]], "columns": n} or {"err": …}. Values are what DuckDB itself casts them to,
so that every host writes them alike: NULL, true, 2026-01-05 08:00:00+00, [a, b], {'x': 1}.
"""

import json
import sys

import duckdb


def run(connection, sql):
    statements = connection.extract_statements(sql)
    if len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT:
        relation = connection.sql(sql)
        if relation is None:
            return {"result": [], "columns": 0}
        columns = len(relation.columns)
        names = ", ".join(f"c{number}" for number in range(columns))
        casts = ", ".join(f"cast(c{number} as varchar)" for number in range(columns))
        # Order survives a projection in DuckDB.
        rows = connection.execute(f"select {casts} from ({sql.rstrip().rstrip(';')}\n) as answer({names})").fetchall()
        return {"result": [[show(value) for value in row] for row in rows], "columns": columns}
    rows = connection.execute(sql).fetchall() if statements else []
    return {"result": [[show(value) for value in row] for row in rows], "columns": len(rows[0]) if rows else 0} if rows else {"count": 0}


def show(value):
    if value is None:
        return "NULL"
    return str(value) or "(empty)"


def main():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"load '{sys.argv[1]}'")
    connection.execute("set timezone = 'UTC'")
    for line in sys.stdin:
        try:
            answer = run(connection, json.loads(line)["sql"])
        except duckdb.Error as error:
            answer = {"err": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
