"""How likely it is that nobody will pay for this order, from 0 to 1."""

import joblib
import pandas as pd

model = joblib.load("model.joblib")


def handler(event, _context):
    features = pd.DataFrame([{"items": len(event.get("items", [])), "hour": event.get("hour", 12)}])
    score = model.predict_proba(features)[0][1]
    return {"orderId": event["orderId"], "score": float(score)}
